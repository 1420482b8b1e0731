# Texts of the layouts and components.

ui-product = Ruh Care
ui-skip = Skip to content
ui-notices = Notices
ui-close = Close
ui-cancel = Cancel
ui-undo = Undo
ui-account = Account
ui-switch = Switch
ui-stand-staff = Staff
ui-stand-portal = Client Portal
ui-sign-in = Sign in
ui-sign-out = Sign out
ui-home = Home
ui-profile = Profile
ui-portal-nav = Client Portal

ui-optional = optional
ui-now-saved = Now saved:
ui-error-summary = Please check what is marked below
ui-error-home = Go to the start page
ui-reference = Reference
ui-copied = Copied.
ui-failed = That did not go through; nothing was saved. What you typed is still here. Please try again.
ui-offline = There is no connection just now. What you typed is still here. Please try again in a moment.

ui-code = Code
ui-password = Password
ui-password-show = Show password
ui-password-hide = Hide password
ui-password-short = Too short: 10 characters or more
ui-password-weak = Easy to guess: add a few more words
ui-password-fair = Good: longer is better still
ui-password-strong = Strong

ui-drop-title = Leave what you typed?
ui-drop-text = It has not been saved.
ui-drop-yes = Leave it
ui-drop-no = Keep editing

ui-keys-title = Keys
ui-keys-find = Find anyone
ui-keys-blur = Show names as initials, or in full again
ui-keys-list = This list
ui-keys-close = Close what is open
ui-keys-single = Single keys
ui-keys-single-hint = Untick to switch off the keys that are one letter or sign. Ctrl K always works.

ui-idle-title = Are you still there?
ui-idle-text = To keep what is on this screen private, you will be signed out soon.
ui-idle-left = Time left:
ui-idle-seconds = seconds left
ui-idle-stay = Stay signed in
ui-renew-title = Please sign in again
ui-renew-text = You were away for a while. Everything you typed is kept and will be here when you are back.
ui-renew-window = Signed out
ui-renew-other = Somebody else? Sign in as another person
ui-renew-failed = That did not work. Please check the connection and try again.

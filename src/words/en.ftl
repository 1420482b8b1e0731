# Everything a client can read, and what it shares with the staff.

# Fields
field-email = Email
field-password = Password
field-new-password = New password
field-first-name = First name
field-last-name = Last name
field-missing = Please fill this in.
field-too-long = Please keep this shorter.
field-too-many = That is too many at once.
field-control-character = This holds a line break or a hidden control character. Please type it again by hand.
field-email-shape = This is not an email address. It looks like name@example.org.
field-email-domain = The part after the @ is not complete. It looks like example.org.
field-email-letters = The part before the @ may only hold plain letters, digits and signs.
field-phone-shape = This is not a phone number we can read. Add the country in front, like +44 20 7946 0018.
field-date-shape = This is not a date in the calendar. Write it as year-month-day, like 1990-05-31.
field-date-range = A birth date lies in the past, within the last 130 years.
field-time-zone = We do not know this time zone. Please choose one from the list.
field-choice = Please choose one from the list.

# Passwords
password-rule = 10 characters or more. A few words together are good and easy to remember.
password-too-short = Too short: please use 10 characters or more.
password-too-long = Too long: please keep it under 512 characters.
password-common = Many people use this password, so it is guessed first. Please choose another one.
password-own-name = Please leave your own name and email out of your password.
password-guessable = This would be guessed quickly. A few more words make it strong.

# Signing in
sign-in-title = Sign in
sign-in-button = Sign in
sign-in-forgot = Forgot your password?
sign-in-needed = Please sign in to go on.
sign-in-failed-title = That did not work
sign-in-failed = The email or the password is not right. Please check both and try again.
sign-in-wait = { $minutes ->
    [one] There were too many tries. Please wait a minute and try again.
   *[other] There were too many tries. Please wait { $minutes } minutes and try again.
}
sign-out-done = You are signed out.
renew-unknown = This sign-in is too old to renew. Please sign in again.
renew-failed = The password is not right. Please try again.
resume-title = You are signed in again
resume-lead = What you typed before is still here and has not been sent yet.
resume-button = Send it now
resume-drop = Leave it and go to the start page

# Two-step sign-in
code-title = Enter your code
code-lead = Open your authenticator app and type the six digits that it shows for Ruh Care.
code-field = Code
code-hint = Six digits. They change every 30 seconds.
code-either-hint = From your authenticator app, or one of your recovery codes.
code-refused = This code was not taken. Each works once and not for long: please type the one that shows now.
code-gone = That took too long, or something changed meanwhile. Please sign in again.
code-use-recovery = Use a recovery code
code-use-app = Use the app’s code
code-lost-device = Lost your device?
code-recovery-title = Enter a recovery code
code-recovery-lead = One of the ten codes that you kept when you set up two-step sign-in. Each works once.
code-recovery-field = Recovery code
code-recovery-hint = Twelve letters and digits, like k3f9-2mzt-07qe.
renew-code = Please type the code from your authenticator app, too.
lost-device-title = Lost your device?
lost-device-lead = There is a way back in.
lost-device-codes = You have your recovery codes.
lost-device-codes-text = One of them signs you in. Then set up your new device under Security.
lost-device-staff = You work at a practice.
lost-device-staff-text = Ask an owner of the practice to reset your two-step sign-in. After 24 hours you get a link by mail.
lost-device-client = You are a client.
lost-device-client-text = Please call your practice. They know whom to ask.
two-step-title = Two-step sign-in
two-step-text = A code from your phone on top of your password. Who knows your password alone does not get in.
two-step-is-on = On
two-step-is-on-text = Codes come from your authenticator app.
two-step-is-off = Off
two-step-set-up = Set up
two-step-confirm-first = Please confirm your email first.
two-step-codes-left = { $count ->
    [0] None left. Please make new ones.
    [one] One code left. Please make new ones.
   *[other] { $count } codes left.
}
two-step-reset-title = Somebody asked to turn this off
two-step-reset-asked = An owner of { $practice } said that you lost your device, and asked to reset your two-step sign-in. The link for it is sent on { $time }.
two-step-reset-stop = Stop it
two-step-set-up-title = Set up two-step sign-in
two-step-set-up-lead = You need an authenticator app on your phone, such as the one you use elsewhere already. First, please type your password once more.
two-step-asked = { $practice } asks you to sign in with two steps. It takes about two minutes, and then you go on.
two-step-continue = Continue
two-step-cancel = Cancel
two-step-scan = Scan this with your authenticator app.
two-step-qr = QR code for your authenticator app
two-step-open-app = Open in an app on this device
two-step-type-instead = You cannot scan it?
two-step-copy-secret = Copy the key
two-step-type-code = Type the six digits that the app shows.
two-step-turn-on = Turn on
two-step-on-title = Two-step sign-in is on
two-step-codes-title = Recovery codes
two-step-codes-lead = These are your recovery codes. If your phone is lost, each signs you in once.
two-step-codes-keep = Keep them where your phone is not: on paper, or in a password manager. They are shown this once.
two-step-codes-kept = I have kept them
two-step-copy-codes = Copy
two-step-print-codes = Print
two-step-new-codes = New codes
two-step-new-codes-title = New recovery codes
two-step-new-codes-lead = Ten new codes take the place of the old ones, which stop working.
two-step-off-title = Turn off two-step sign-in
two-step-off-lead = After that your password alone signs you in. To move to a new phone, turn it off here and set it up again.
two-step-off-button = Turn off
second-factor-reset-title = Turn off two-step sign-in?
second-factor-reset-lead = An owner of { $practice } asked for this because you lost your device.
second-factor-reset-what = Your password alone signs you in then, and everybody who is signed in as you is signed out. You can set it up again at once.
second-factor-reset-button = Turn it off
second-factor-reset-dead = It was stopped, it is not time yet, or it was used. If you still cannot sign in, please ask an owner of your practice again.
second-factor-reset-done = Two-step sign-in is off. Please sign in with your password.

# The forgotten password
forgot-title = Forgot your password?
forgot-lead = Tell us your email, and we will send you a link to choose a new one.
forgot-button = Send link
forgot-back = Back to sign in
forgot-sent-title = Check your email
forgot-sent = If there is an account with this email, a link is on its way. It works once, for 24 hours. Nothing there? Look into the spam folder, or check the spelling and try again.
reset-title = Choose a new password
reset-button = Save password
reset-done = Your new password is set. Please sign in with it.
reset-expired = This link was good for 24 hours, and they have passed. We can send a new one.
reset-used = This link was used already. If you need to change your password again, we can send a new one.
reset-replaced = This link was replaced by a newer one, or is no longer needed. We can send a new one.
reset-again = Send a new link
chosen-title = Use your new password?
chosen-text = You chose a new password at your practice's desk. From now on it signs you in, and the old one does not.
chosen-button = Use the new password
email-change-done = Your email was changed. Please sign in with the new one; a mail to confirm it is on its way.

# Places
places-title = Where would you like to go?
places-lead = You can change this at any time with Switch.
places-here = You are here
places-none-title = Nothing here right now
places-none = Your account is not connected to a practice at the moment. If you expected something here, please ask your practice.

# Invitations
invitation-title = Welcome, { $name }
invitation-lead = { $practice } has invited you to your Client Portal. Create a password, and you are in.
invitation-lead-provider = { $provider } at { $practice } has invited you to your Client Portal. Create a password, and you are in.
invitation-email = You will sign in with
invitation-button = Create password
invitation-password-hint = A new one with 10 characters or more; or your own, if you have an account here.
invitation-have-account = You already have a Ruh Care account with this email? Type its password here, and this place is added to it.
invitation-known-account = There is already an account with this email. Please type that account's password, or set a new one with “Forgot your password?” on the sign-in page.
invitation-again = Something changed in the meantime. Please try once more.
invitation-newer-title = A newer link was sent
invitation-newer = That link was replaced by a newer one. Look for the newest mail, or let us send it again to the address your practice has on file.
invitation-again-button = Send it again
invitation-again-sent-title = Check your email
invitation-again-sent = If the invitation is still open, a new link is on its way to the address your practice has on file.
invitation-used-title = You are already in
invitation-used = This link was used to create a password. From now on you simply sign in.
join-title = Welcome, { $name }
join-lead = { $practice } has invited you to join their staff. Create a password, and you are in.
join-button = Join
join-newer = That link was replaced by a newer one. Please look for the newest mail, or ask the practice to send it again.
join-used = This link was used to join. From now on you simply sign in.
confirm-title = Confirm your email
confirm-lead = { $practice } has changed the email you sign in with. Confirm that this one is yours with a new password; everybody who was signed in before is signed out.
confirm-button = Confirm email
link-unknown-title = This link does not work
link-unknown = The link is not complete, or is no longer in use. Please open it from the mail again, or ask your practice for a new one.

# Signing up by an invite link
sign-up-title = Welcome to { $practice }
sign-up-lead = Sign up here, and you are in your Client Portal.
sign-up-lead-provider = Sign up here, and you are in your Client Portal with { $provider }.
sign-up-phone = Phone
sign-up-button = Sign up
sign-up-have-account = You have a Ruh Care account with this email already? Sign up all the same: the mail we send you connects the two.
sign-up-signed-in = You are signed in as { $name }. Signing up here signs that out in this browser.
sign-up-other-link = Another link was opened in the meantime. Please look at the page once more before you sign up.
sign-up-before = You signed up with this already. Please open the link in the mail that we sent you.
sign-up-wait = { $minutes ->
    [one] There were too many sign-ups just now. Please wait a minute and try again; what you typed is still here.
   *[other] There were too many sign-ups just now. Please wait { $minutes } minutes and try again; what you typed is still here.
}
sign-up-dead-title = This link is no longer in use
sign-up-dead = Please ask your practice for a new one.
sign-up-confirm-lead = You signed up at { $practice }. Please type the password you chose then, and your email is confirmed.
sign-up-confirm-here = You signed up at { $practice }. One press, and your email is confirmed.
sign-up-confirm-new = Somebody signed up at { $practice } with your email. Create a password of your own: whoever is signed in with the old one is signed out.
sign-up-confirm-button = Confirm my email
sign-up-confirm-failed = This is not the password that was chosen when signing up. Please try again, or create a new one.
sign-up-confirm-other = You chose no password, or forgot it?
sign-up-confirm-other-way = Create a new password
sign-up-chosen-password = Password
sign-up-connect-title = Connect your account
sign-up-connect-lead = Somebody, probably you, signed up at { $practice } with this email, and there is a Ruh Care account with it already. Type that account's password, and this place is added to it.
sign-up-connect-button = Sign in and connect
sign-up-note-title = Confirm your email
sign-up-note = We sent a link to { $email }. Until you open it, this browser is the only one that knows you.
sign-up-note-again = Send again
sign-up-email-later = Please confirm your email first. Is it mistyped? Your practice can put it right.

# Portal
looks-title = Who has looked
looks-lead = People of your practice who opened or changed your record.
looks-list = By day
looks-read = { $who } opened your record.
looks-changed = { $who } changed something, or sent you something.
looks-nobody = Nobody has yet. Whoever does shows up here within seconds.
looks-nobody-here = Nobody of your practice did on these days.
looks-pages = Pages
looks-older = Older
portal-hello = Hello, { $name }
portal-next = Next
portal-next-details = Check your details
portal-next-details-text = Your practice would like your birth date and a phone number. It takes about a minute.
portal-next-details-button = Check my details
portal-password = Password
portal-password-change = Change password
portal-password-choose = Choose a new password
portal-password-lead = The passphrase was good for this once. Choose a password that only you know.
portal-password-waits-title = One more step
portal-password-waits-mail = Please open the link in your mail
portal-password-waits = We sent it to your account's own email address. From then on your new password signs you in. You can stay here until you sign out.
portal-password-on = Go on to the portal
portal-password-too-many = Five links were sent in the last 24 hours. Please open the newest one, or try again tomorrow.
portal-passphrase-title = You signed in with a one-time passphrase
portal-passphrase-text = It does not work again. Choose a password before you leave.
portal-nothing-title = You are all set
portal-nothing = There is nothing to do right now. When your practice has something for you, it will be here.
profile-details = Your details
profile-details-text = Your practice sees what you change here.
profile-name = Name
profile-preferred-name = Preferred name
profile-pronouns = Pronouns
profile-birth-date = Date of birth
profile-phone = Phone
profile-time-zone = Time zone
profile-zone-practice = Same as the practice
profile-save = Save changes
profile-stale = Your practice changed something here while you were typing. What you typed is kept; where the two differ, what is saved now stands under the field. Save again to keep yours.
profile-email = Email
profile-change-email = Change email
profile-change-email-text = You will sign in with the new address. You are signed out everywhere, and a mail to the new address asks you to confirm it.
profile-new-email = New email
profile-current-password = Current password
security-title = Security
security-sessions = Where you are signed in
security-sessions-text = Something you do not know? End it, and change your password.
security-this-device = This device
security-end = End
security-end-others = End all others
session-last-used = Last used { $time }

# What has just been done
done-sign-up-again = The mail is on its way once more.
done-sign-up-too-many = Five were sent in the last 24 hours. Please wait until tomorrow, or ask your practice.
done-saved = Saved.
done-client-archived = Client archived. Their portal is closed.
done-client-restored = Client restored. Their portal is open again.
done-contact-added = Contact added.
done-contact-removed = Contact removed.
done-contact-restored = Contact put back.
done-bulk-busy = One thing after the other: this is still under way.
done-bulk-choose = Please choose a group or provider first.
done-bulk-nobody = Please choose at least one client first.
done-bulk-too-late = There is nothing to undo any more.
done-client-added = Client added. No mail was sent.
done-client-invited = Client added. The invitation leaves in a moment.
done-invited = The invitation leaves in a moment.
done-member-invited = The invitation leaves in a moment.
done-member-withdrawn = Withdrawn. The link does not work any more.
done-member-disabled = Disabled. They are signed out.
done-member-enabled = Enabled. They can sign in again.
done-not-open = This invitation is not open any more.
done-token-revoked = Revoked. It does not work any more.
done-undone = Undone. No mail was sent.
done-too-late = Too late: the mail has left already.
done-reset-sent = A link to choose a new password is on its way.
done-invite-no-email = There is no email to send it to.
done-client-invited-later = Client added. Today's limit of invitations is reached: please send theirs tomorrow.
done-invite-too-many-address = Twenty invitations went to this email in the last 24 hours. Please wait until tomorrow.
done-invite-too-many-practice = Your practice has sent 2,000 invitations in the last 24 hours. Please wait until tomorrow.
done-invite-too-many = Five were sent in the last 24 hours. Please wait until tomorrow.
done-email-asked = Saved. The new address is asked to confirm.
done-email-asked-later = Saved. The new address is asked once today's limit of mails has passed: please send the invitation tomorrow.
done-link-created = Link created.
done-link-renewed = Link renewed. The one before has ended.
done-link-revoked = Link revoked. Nobody can sign up by it any more.
done-group-added = Group added.
done-group-deleted = Group deleted. Its clients have moved.
done-session-ended = Ended.
done-two-step-off = Two-step sign-in is off.
done-two-step-reset-stopped = Stopped. Two-step sign-in stays as it is.
done-second-factor-reset-asked = Asked. They are told by mail at once.
done-second-factor-reset-cancelled = Cancelled. Their two-step sign-in stays as it is.
done-password-changed = Your password was changed.

# For the staff, beside a client
client-email-hint = Without an email: no portal, no electronic forms, no email notices.
client-no-email = Without an email there is no Client Portal, no electronic forms and no email notices such as reminders and receipts. Add one under Actions, Personal Information.
own-email-question = This is your own email. A password manager may have filled it in.
email-needed = The client signs in with this email. Change it to another one; it cannot be left empty.
invite-no-email = There is no email to send an invitation to.
setup-email-taken = This email already has an account.

# Setup
setup-title = Welcome to Ruh Care
setup-lead = A practice and its owner, and you can begin.
setup-practice = Your practice
setup-practice-name = Practice name
setup-time-zone = Time zone
setup-you = You, the owner
setup-button = Create practice

# Errors
error-not-found-title = There is nothing here
error-not-found = The address may be mistyped, or this is not for you to see.
error-forbidden-title = This part is for owners and admins
error-forbidden = Your role in this practice does not include it. Nothing was changed. If you need something done here, ask an owner or an admin.
error-too-many-title = A little slower, please
error-too-many = There were too many tries. Please wait some minutes and try again.
error-unavailable-title = One moment, please
error-unavailable = We cannot reach our records just now. Nothing was lost; please try again in a moment.
error-conflict-title = Something changed
error-conflict = Somebody changed this in the meantime. Please go back, reload and try again.
error-too-large-title = That is too much at once
error-too-large = What you sent is larger than this page takes, and nothing was saved. Please go back and shorten it.
error-bad-request-title = That did not work
error-bad-request = We could not read that request. Please go back and try again.
error-internal-title = Something went wrong
error-internal = This is our mistake, not yours. Please try again; if it stays, tell us the reference below.

# Mail
mail-hello = Hello,
mail-hello-name = Hello { $name },
mail-button-help = If the button does not work, copy this address into your browser: { $link }
mail-invitation-subject = Your invitation
mail-invitation-text = { $practice } has invited you to your Client Portal.
mail-invitation-text-provider = { $provider } at { $practice } has invited you to your Client Portal.
mail-invitation-what = Choose a password, and from then on everything is in one place. The link does not run out.
mail-invitation-button = Create your password
mail-invitation-ignore = You did not expect this? Then please ignore this mail; nothing happens without you.
mail-staff-text = { $practice } has invited you to join their staff in Ruh Care.
mail-staff-what = Choose a password, and from then on you sign in with this address. The link does not run out.
mail-staff-button = Join the practice
mail-confirm-subject = Please confirm your email
mail-confirm-text = { $practice } has noted this address as the one you sign in with. Please confirm that it is yours.
mail-confirm-button = Confirm email
mail-sign-up-text = Somebody, probably you, signed up at { $practice } with this address. Please confirm that it is yours.
mail-joined-subject = Somebody joined
mail-joined-text = Somebody joined by your invite link. Sign in to see who.
mail-joined-button = Sign in
mail-digest-subject = News from Ruh Care
mail-digest-text = New in your newsfeed: { $many }. Sign in to see what it is.
mail-digest-button = Open the newsfeed
mail-digest-choose = You get this once a day at most, because you chose so. Change it in Settings, Newsfeed.
mail-reset-subject = Choose a new password
mail-reset-text = Somebody, probably you, asked for a new password. This link works once, for 24 hours.
mail-reset-button = Choose a new password
mail-reset-ignore = You did not ask for it? Then please ignore this mail; your password stays as it is.
mail-chosen-subject = Your new password
mail-chosen-text = A new password was chosen for your account after a one-time passphrase. It signs you in once you open this link, which works once, for 24 hours.
mail-chosen-button = Use the new password
mail-chosen-ignore = It was not you? Then please ignore this mail: your password stays as it is. And please tell your practice.
mail-second-factor-on-subject = Two-step sign-in is on
mail-second-factor-on = Two-step sign-in was turned on for your account. From now on you sign in with your password and a code from your phone.
mail-second-factor-off-subject = Two-step sign-in is off
mail-second-factor-off = Two-step sign-in was turned off for your account. Your password alone signs you in.
mail-recovery-used-subject = A recovery code was used
mail-recovery-used = Somebody, probably you, used one of your recovery codes. It does not work again.
mail-recovery-new-subject = New recovery codes
mail-recovery-new = New recovery codes were made for your account. The old ones do not work any more.
mail-second-factor-not-you = This was not you? Please choose a new password with “Forgot your password?” on the sign-in page at once, and call your practice.
mail-passphrase-subject = A passphrase was made for you
mail-passphrase = A one-time passphrase was made for your account, for somebody who stands at your practice's desk. It signs in once, within 24 hours.
mail-password-chosen-subject = Your password was changed
mail-password-chosen = A new password was chosen for your account after a one-time passphrase. The old one does not work any more.
mail-passphrase-not-you = You were not there? Please choose a new password with “Forgot your password?” on the sign-in page at once, which ends the passphrase, and call your practice.
mail-reset-asked-subject = Your two-step sign-in is to be reset
mail-reset-asked = An owner of { $practice } told us that you lost the device with your codes, and asked to reset your two-step sign-in.
mail-reset-asked-then = On { $time } we will send you a link for it. Until you open that link, nothing changes.
mail-reset-asked-stop = You did not lose it? Then sign in with a code: that stops the reset. And please tell your practice.
mail-reset-ripe-subject = Turn off two-step sign-in
mail-reset-ripe = An owner of { $practice } asked to reset your two-step sign-in because you lost your device.
mail-reset-ripe-what = This link turns it off, so that your password alone signs you in. It works once, for 7 days.
mail-reset-ripe-button = Turn off two-step sign-in
mail-reset-ripe-ignore = You can still make codes? Then please ignore this mail and sign in with one: that stops the reset.
mail-moved-subject = Your sign-in address was changed
mail-moved-text = The email address of your account was changed to another one.
mail-moved-until = Until the new address is confirmed, this one still signs in.
mail-moved-not-you = You did not expect this? Please call your practice.

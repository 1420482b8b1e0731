-- What has expired is ended for good, so that a clock that is put back revives nothing.
create index account_links_expiry on account_links (expires_at);

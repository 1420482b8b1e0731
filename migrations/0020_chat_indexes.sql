-- Messages that could not be sent at their time, until whoever wrote them has seen that.
create index scheduled_messages_refused on scheduled_messages (practice_id, member_id, send_at) where state = 'refused';

-- Automatic replies are few, and looked for in one conversation. That of all messages by their sender is written with each
-- message, and read by nobody any more.
drop index messages_sender;
create index messages_automatic on messages (practice_id, conversation_id, sent_at) where kind = 'automatic';

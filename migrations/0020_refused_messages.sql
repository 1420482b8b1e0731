-- Messages that could not be sent at their time, until whoever wrote them has seen that.
create index scheduled_messages_refused on scheduled_messages (practice_id, member_id, send_at) where state = 'refused';

//! Ids: UUIDv7, in the order they were made; from `App`'s clock, so that a test can set it.

use std::sync::Mutex;

use uuid::{ContextV7, Timestamp, Uuid};

use crate::clock::Clock;

pub struct Ids {
    clock: Clock,
    context: Mutex<ContextV7>,
}

impl Ids {
    pub fn new(clock: Clock) -> Ids {
        Ids { clock, context: Mutex::new(ContextV7::new()) }
    }

    pub fn new_id(&self) -> Uuid {
        let micros = self.clock.now().0.max(0);
        let seconds = u64::try_from(micros / 1_000_000).unwrap_or(0);
        let nanos = u32::try_from(micros % 1_000_000 * 1_000).unwrap_or(0);
        let context = self.context.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Uuid::new_v7(Timestamp::from_unix(&*context, seconds, nanos))
    }
}

/// Declares an id type over a UUID that can be a column, a path segment and JSON.
#[macro_export]
macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub uuid::Uuid);
        $crate::column_newtype!($name(uuid::Uuid));
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map($name)
            }
        }
    };
}

id_type!(
    /// A practice: one tenant.
    PracticeId
);
id_type!(
    /// An account: one password, belonging to no practice.
    AccountId
);
id_type!(
    /// A member of a practice's staff.
    MemberId
);
id_type!(
    /// A client's record in one practice.
    ClientId
);
id_type!(
    /// One account's access to one client record.
    AccessId
);
id_type!(GroupId);
id_type!(InvitationId);
id_type!(
    /// An invitation to the staff.
    MemberInvitationId
);
id_type!(
    /// An API token; not the secret itself.
    TokenId
);
id_type!(InviteLinkId);
id_type!(
    /// A bulk run.
    BulkRunId
);
id_type!(
    /// A document of a client, and the file that holds it.
    DocumentId
);
id_type!(
    /// Somebody around a client: family, a carer.
    ContactId
);
id_type!(
    /// Two records made one.
    MergeId
);
id_type!(
    /// A form of a practice: what is asked.
    FormId
);
id_type!(
    /// A form as it was published; never changed again.
    FormVersionId
);
id_type!(
    /// An intake flow: forms in an order.
    FlowId
);
id_type!(
    /// A form that a client was given, with its answers.
    ClientFormId
);
id_type!(
    /// A device handed over to a client at the desk.
    HandOverId
);
id_type!(
    /// A conversation.
    ConversationId
);
id_type!(
    /// A message in a conversation.
    MessageId
);

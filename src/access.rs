//! Who may do what: the whole table in one place. A route is registered together with one of these; there is no way to
//! add one without (`routes::Routes`).

use crate::ids::{AccessId, AccountId, ClientId, HandOverId, MemberId, PracticeId};

/// Who may call a route. Somebody who may not is told that there is nothing there (404), or to sign in (401); staff
/// whose role does not reach so far are told who can (403).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody, signed in or not.
    Public,
    /// Anybody signed in to an account of theirs, wherever the session stands. What a one-time passphrase opened is not:
    /// it stands in one portal, and the account's own pages and other places are not its.
    Account,
    /// Anybody with a live session of any kind.
    Session,
    /// Members of the practice with one of these roles.
    Staff(&'static [Role]),
    /// People in the Client Portal: the client, and whoever looks after them with the right that the page needs.
    Portal(Needs),
    /// A device that was handed over to a client at the desk.
    HandOver,
    /// This machine, or the bearer of RUH_METRICS_TOKEN.
    Metrics,
    /// Only where RUH_PUBLIC_URL is http on this machine: pages for trying and developing.
    Local,
}

/// What a page of the portal needs beyond being let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// What concerns one's own account, or says where one is.
    Entry,
    Right(Right),
    /// What is the client's own business.
    Self_,
}

/// What somebody else may do in a client's portal, for each client apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// See and change personal details.
    Details,
    Appointments,
    Book,
    Messages,
    Forms,
    Receipts,
    /// Sign on behalf of the client.
    Sign,
}

impl Right {
    pub const ALL: [Right; 7] =
        [Right::Details, Right::Appointments, Right::Book, Right::Messages, Right::Forms, Right::Receipts, Right::Sign];

    pub fn as_str(self) -> &'static str {
        match self {
            Right::Details => "details",
            Right::Appointments => "appointments",
            Right::Book => "book",
            Right::Messages => "messages",
            Right::Forms => "forms",
            Right::Receipts => "receipts",
            Right::Sign => "sign",
        }
    }

    pub fn parse(text: &str) -> Option<Right> {
        Right::ALL.into_iter().find(|right| right.as_str() == text)
    }

    /// The key of what it is called.
    pub fn word(self) -> &'static str {
        match self {
            Right::Details => "right-details",
            Right::Appointments => "right-appointments",
            Right::Book => "right-book",
            Right::Messages => "right-messages",
            Right::Forms => "right-forms",
            Right::Receipts => "right-receipts",
            Right::Sign => "right-sign",
        }
    }
}

/// A set of rights, in their own order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights(Vec<Right>);

impl Rights {
    pub fn all() -> Rights {
        Rights(Right::ALL.to_vec())
    }

    pub fn of(given: impl Fn(Right) -> bool) -> Rights {
        Rights(Right::ALL.into_iter().filter(|right| given(*right)).collect())
    }

    /// As they are kept: apart by spaces. What is none of ours gives nothing.
    pub fn parse(text: &str) -> Rights {
        Rights::of(|right| text.split_whitespace().any(|word| word == right.as_str()))
    }

    pub fn kept(&self) -> String {
        self.names().join(" ")
    }

    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|right| right.as_str()).collect()
    }

    pub fn has(&self, right: Right) -> bool {
        self.0.contains(&right)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = Right> {
        self.0.iter().copied()
    }

    /// What is in both.
    pub fn and(&self, other: &Rights) -> Rights {
        Rights::of(|right| self.has(right) && other.has(right))
    }
}

/// All of the staff: each still sees only the clients that `sees_all_clients` or the care team gives.
pub const ANY_STAFF: Access = Access::Staff(&[Role::Owner, Role::Admin, Role::Provider, Role::Support]);
/// Who runs the practice.
pub const RUNS_PRACTICE: Access = Access::Staff(&[Role::Owner, Role::Admin]);
/// Who works with what clients are asked and answer.
pub const CLINICAL: Access = Access::Staff(&[Role::Owner, Role::Admin, Role::Provider]);
pub const OWNERS: Access = Access::Staff(&[Role::Owner]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    Owner,
    Admin,
    Provider,
    Support,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Owner, Role::Admin, Role::Provider, Role::Support];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Admin => "admin",
            Role::Provider => "provider",
            Role::Support => "support",
        }
    }

    pub fn parse(text: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Several roles as they are kept: apart by spaces.
    pub fn parse_all(text: &str) -> Vec<Role> {
        text.split_whitespace().filter_map(Role::parse).collect()
    }

    pub fn join(roles: &[Role]) -> String {
        roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Owners and admins.
    pub fn runs_practice(self) -> bool {
        matches!(self, Role::Owner | Role::Admin)
    }

    /// Reads what clients answered, as `CLINICAL` has it for routes.
    pub fn is_clinical(self) -> bool {
        !matches!(self, Role::Support)
    }

    /// Providers see the clients whose care team they are on; everybody else on the staff sees all of the practice's.
    pub fn sees_all_clients(self) -> bool {
        !matches!(self, Role::Provider)
    }
}

/// Somebody acting in one practice. Made from a session, a token, a job or the console; never from a request's body.
#[derive(Debug, Clone)]
pub struct Actor {
    pub practice: PracticeId,
    pub who: Who,
}

#[derive(Debug, Clone)]
pub enum Who {
    Member(Member),
    Client(Viewer),
    /// Whoever holds a device that was handed over at the desk.
    HandedOver(HandedOver),
    /// Somebody who holds a link and is not signed in.
    LinkHolder,
    /// A job, or a command at the console.
    System,
}

#[derive(Debug, Clone)]
pub struct Member {
    pub id: MemberId,
    pub account: AccountId,
    pub role: Role,
    /// Can be a client's provider.
    pub sees_clients: bool,
    pub name: String,
}

/// Somebody in the Client Portal, by one access to one client record.
#[derive(Debug, Clone)]
pub struct Viewer {
    pub access: AccessId,
    pub account: AccountId,
    pub client: ClientId,
    /// Whether this is the client, or somebody who looks after them.
    pub own: bool,
    /// What they may do here now; the client may do everything.
    pub rights: Rights,
    pub name: String,
}

/// A device that was handed over to a client: it reaches that client's forms, and nothing else of theirs.
#[derive(Debug, Clone)]
pub struct HandedOver {
    pub id: HandOverId,
    pub client: ClientId,
    /// Who handed it over.
    pub by: MemberId,
}

impl Viewer {
    pub fn may(&self, needs: Needs) -> bool {
        match needs {
            Needs::Entry => true,
            Needs::Right(right) => self.rights.has(right),
            Needs::Self_ => self.own,
        }
    }
}

impl Actor {
    pub fn system(practice: PracticeId) -> Actor {
        Actor { practice, who: Who::System }
    }

    pub fn link_holder(practice: PracticeId) -> Actor {
        Actor { practice, who: Who::LinkHolder }
    }

    pub fn kind(&self) -> &'static str {
        match &self.who {
            Who::Member(_) => "member",
            Who::Client(_) => "client",
            Who::HandedOver(_) => "hand_over",
            Who::LinkHolder => "link",
            Who::System => "system",
        }
    }

    /// The id that the audit record and the newsfeed name.
    pub fn id(&self) -> Option<uuid::Uuid> {
        match &self.who {
            Who::Member(member) => Some(member.id.0),
            Who::Client(viewer) => Some(viewer.access.0),
            Who::HandedOver(device) => Some(device.id.0),
            Who::LinkHolder | Who::System => None,
        }
    }

    pub fn member(&self) -> Option<&Member> {
        match &self.who {
            Who::Member(member) => Some(member),
            _ => None,
        }
    }

    /// On the client's side: in the portal, or at a device that was handed over.
    pub fn is_client_side(&self) -> bool {
        matches!(self.who, Who::Client(_) | Who::HandedOver(_))
    }

    /// Which clients a query may show: everybody's, or those of one care team.
    pub fn reach(&self) -> Reach {
        match &self.who {
            Who::Member(member) if member.role.sees_all_clients() => Reach::All,
            Who::Member(member) => Reach::CareTeam(member.id),
            Who::Client(viewer) => Reach::Own(viewer.client),
            Who::HandedOver(device) => Reach::Own(device.client),
            Who::System => Reach::All,
            Who::LinkHolder => Reach::Nobody,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    All,
    CareTeam(MemberId),
    Own(ClientId),
    Nobody,
}

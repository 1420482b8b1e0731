//! The people of the made-up practice. Nobody here exists: the domain is reserved, the phone numbers are fictional.

/// How far somebody came with their invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// Has no e-mail: no portal.
    NoEmail,
    NotInvited,
    Queued,
    Undone,
    Sent,
    Kept,
    Bounced,
    Opened,
    /// The first link was replaced by a second one.
    Superseded,
    /// The address was mistyped, and corrected.
    Corrected,
    InPortal,
    /// In the portal, with an e-mail that was changed and is not confirmed yet.
    Moving,
    /// Came by an invite link; the e-mail is not confirmed yet.
    SignedUp,
    SignedUpAndConfirmed,
    /// Was in the portal, and is archived.
    Archived,
}

pub struct Person {
    pub first: &'static str,
    pub last: &'static str,
    pub called: &'static str,
    pub pronouns: &'static str,
    pub born: &'static str,
    /// Before the @; empty where there is none.
    pub email: &'static str,
    /// Index into `GROUPS`.
    pub group: usize,
    /// Index into `STAFF`.
    pub provider: usize,
    /// Days since they were added.
    pub days: u64,
    pub story: Story,
}

/// Somebody who was asked to join the staff and has not answered, and somebody who has left.
pub const ASKED: Colleague = staff("Ruth", "Adeyemi", "ruth", crate::access::Role::Provider, true);
pub const LEFT: Colleague = staff("Piotr", "Zielinski", "piotr", crate::access::Role::Provider, true);

pub struct Colleague {
    pub first: &'static str,
    pub last: &'static str,
    pub email: &'static str,
    pub role: crate::access::Role,
    pub sees_clients: bool,
}

const fn staff(
    first: &'static str,
    last: &'static str,
    email: &'static str,
    role: crate::access::Role,
    sees_clients: bool,
) -> Colleague {
    Colleague { first, last, email, role, sees_clients }
}

/// The owner comes first; the first three are providers.
pub const STAFF: [Colleague; 5] = [
    staff("Maya", "Okafor", "maya", crate::access::Role::Owner, true),
    staff("Daniel", "Reyes", "daniel", crate::access::Role::Provider, true),
    staff("Hana", "Suzuki", "hana", crate::access::Role::Provider, true),
    staff("Aisha", "Rahman", "aisha", crate::access::Role::Admin, false),
    staff("Tom", "Whitfield", "tom", crate::access::Role::Support, false),
];

macro_rules! people {
    ($($first:literal $last:literal $called:literal $pronouns:literal $born:literal $email:literal
       group $group:literal provider $provider:literal days $days:literal $story:ident;)*) => {
        &[$(Person {
            first: $first, last: $last, called: $called, pronouns: $pronouns, born: $born, email: $email,
            group: $group, provider: $provider, days: $days, story: Story::$story,
        }),*]
    };
}

pub const PEOPLE: &[Person] = people! {
    "Ana" "Marchetti" "" "she/her" "1988-04-12" "ana.marchetti" group 0 provider 0 days 64 InPortal;
    "Benjamin" "Adler" "Ben" "he/him" "1975-11-02" "ben.adler" group 0 provider 0 days 58 InPortal;
    "Chidi" "Eze" "" "he/him" "1992-07-19" "chidi.eze" group 3 provider 0 days 51 InPortal;
    "Dolores" "Quintana" "Lola" "she/her" "1961-01-30" "lola.quintana" group 3 provider 0 days 47 InPortal;
    "Emre" "Yıldız" "" "" "1999-09-09" "emre.yildiz" group 0 provider 1 days 41 InPortal;
    "فاطمة" "الزهراء" "" "" "1985-03-21" "fatima.zahra" group 0 provider 2 days 40 InPortal;
    "Grace" "Holloway" "" "she/her" "1990-12-24" "grace.holloway" group 1 provider 1 days 38 InPortal;
    "Henry" "Holloway" "" "he/him" "1989-05-17" "henry.holloway" group 1 provider 1 days 38 InPortal;
    "Imogen" "Fairweather" "Immy" "they/them" "2003-08-08" "immy.fairweather" group 4 provider 2 days 35 InPortal;
    "José Ramón" "de la Cruz y Villanueva" "José" "he/him" "1970-06-06" "jose.delacruz" group 3 provider 0 days 33 Archived;
    "Keiko" "Tanaka" "" "she/her" "1994-10-10" "keiko.tanaka" group 0 provider 2 days 31 SignedUpAndConfirmed;
    "王" "伟" "" "" "1982-02-14" "wang.wei" group 0 provider 2 days 30 InPortal;
    "Leo" "Bergström" "" "he/him" "2014-05-28" "ingrid.bergstrom" group 2 provider 1 days 28 InPortal;
    "Nils" "Bergström" "" "he/him" "2016-09-01" "ingrid.bergstrom" group 2 provider 1 days 28 InPortal;
    "Miriam" "Katz" "" "she/her" "1979-12-01" "miriam.katz" group 0 provider 0 days 26 Moving;
    "Noor" "Haddad" "" "she/her" "1996-04-04" "noor.haddad" group 4 provider 2 days 21 Opened;
    "Oliver" "Pemberton" "Ollie" "he/him" "2001-01-11" "ollie.pemberton" group 0 provider 1 days 19 Opened;
    "Priya" "Raman" "" "she/her" "1987-07-07" "priya.raman" group 4 provider 0 days 17 Opened;
    "Quinn" "O'Sullivan" "" "they/them" "1998-03-30" "quinn.osullivan" group 0 provider 1 days 16 Superseded;
    "Rosa" "Lindqvist" "" "" "1966-10-19" "rosa.lindqvist" group 3 provider 2 days 15 Superseded;
    "Samuel" "Abebe" "Sam" "he/him" "1991-05-05" "sam.abebe" group 0 provider 0 days 14 Corrected;
    "Theodora" "Papadopoulos" "Thea" "she/her" "1983-09-23" "thea.papadopoulos" group 1 provider 1 days 13 Bounced;
    "Umar" "Siddiqui" "" "he/him" "1977-02-02" "umar.siddiqui" group 1 provider 1 days 13 Bounced;
    "Valentina" "Rossi" "" "she/her" "1995-06-15" "valentina.rossi" group 0 provider 2 days 12 Kept;
    "William" "Featherstonehaugh-Cholmondeley" "Will" "he/him" "1958-08-18" "will.fc" group 3 provider 0 days 11 Kept;
    "Ximena" "Duarte" "" "she/her" "2000-11-11" "ximena.duarte" group 0 provider 2 days 9 Sent;
    "Yusuf" "Demir" "" "he/him" "1993-01-25" "yusuf.demir" group 0 provider 1 days 8 Sent;
    "Zoë" "van den Berg" "" "she/her" "1997-07-29" "zoe.vandenberg" group 4 provider 0 days 6 SignedUp;
    "Arthur" "Nowak" "" "he/him" "1969-04-01" "arthur.nowak" group 1 provider 0 days 5 Sent;
    "Beatriz" "Nowak" "Bia" "she/her" "1972-05-20" "bia.nowak" group 1 provider 0 days 5 Sent;
    "Callum" "MacLeod" "" "he/him" "2009-10-31" "fiona.macleod" group 2 provider 1 days 4 Sent;
    "Delphine" "Moreau" "" "elle" "1986-12-12" "delphine.moreau" group 0 provider 2 days 3 Undone;
    "Elif" "Kaya" "" "she/her" "2002-02-22" "elif.kaya" group 0 provider 1 days 1 Sent;
    "Felix" "Brandt" "" "" "1980-03-03" "felix.brandt" group 0 provider 0 days 0 Queued;
    "Gloria" "Mensah" "" "she/her" "1964-09-14" "gloria.mensah" group 3 provider 0 days 23 NotInvited;
    "Hassan" "Ali" "" "he/him" "1990-01-01" "hassan.ali" group 0 provider 2 days 2 NotInvited;
    "Ivy" "Chen" "" "she/her" "2012-06-30" "" group 2 provider 1 days 27 NoEmail;
    "Jack" "Thornton" "" "he/him" "1948-12-31" "" group 3 provider 0 days 24 NoEmail;
    "Kateryna" "Shevchenko" "Katya" "she/her" "1973-08-24" "" group 0 provider 2 days 10 NoEmail;
    "Lucas" "Almeida" "" "he/him" "2011-03-09" "" group 2 provider 1 days 7 NoEmail;
};

use super::*;
use Action::*;

fn room(kind: Kind) -> Room {
    Room {
        id: "x".to_owned(),
        kind,
        name: "X".to_owned(),
        created_by: "a".to_owned(),
        created_at_ms: 0,
        archived: false,
        slow_seconds: 0,
        members: 2,
        owners: 1,
        pair: Vec::new(),
    }
}

fn standing(kind: Kind, role: Option<Role>) -> Standing {
    let member = role.map(|role| Member {
        role: Some(role),
        ..Member::default()
    });
    Standing {
        room: room(kind),
        member,
        now_ms: 1_000,
    }
}

fn alice() -> Actor {
    Actor::User {
        id: "alice".to_owned(),
        name: String::new(),
    }
}

fn code(standing: &Standing, action: Action) -> &'static str {
    match standing.check(&alice(), action) {
        Ok(()) => "ok",
        Err(problem) => problem.code(),
    }
}

const ALL: [Action; 11] = [
    Read,
    Write,
    Invite,
    Remove,
    Rename,
    SlowMode,
    Moderate,
    DeleteOthers,
    Audit,
    Archive,
    ChangeRoles,
];

#[test]
fn a_role_may_what_it_may_and_nothing_else() {
    for (role, may) in [
        (Role::Member, &ALL[..2]),
        (Role::Moderator, &ALL[..9]),
        (Role::Owner, &ALL[..]),
    ] {
        for kind in [Kind::Public, Kind::Private] {
            for action in ALL {
                let expected = if may.contains(&action) {
                    "ok"
                } else {
                    "forbidden"
                };
                let standing = standing(kind, Some(role));
                assert_eq!(code(&standing, action), expected, "{role:?} {action:?}");
            }
        }
    }
}

#[test]
fn a_stranger_reads_public_rooms_and_learns_of_no_other() {
    for action in ALL {
        let expected = if action == Read { "ok" } else { "forbidden" };
        assert_eq!(code(&standing(Kind::Public, None), action), expected);
        for kind in [Kind::Private, Kind::Direct] {
            let told = standing(kind, None).check(&alice(), action).unwrap_err();
            assert_eq!(told.detail(), not_found().detail());
            assert_eq!(told.code(), "not_found");
        }
    }
}

#[test]
fn a_direct_room_is_for_reading_and_writing() {
    let standing = standing(Kind::Direct, Some(Role::Member));
    for action in ALL {
        let expected = if [Read, Write].contains(&action) {
            "ok"
        } else {
            "forbidden"
        };
        assert_eq!(code(&standing, action), expected, "{action:?}");
    }
}

#[test]
fn a_mute_and_a_ban_end() {
    let mut muted = standing(Kind::Private, Some(Role::Member));
    muted.member.as_mut().unwrap().muted_until_ms = 1_500;
    let problem = muted.check(&alice(), Write).unwrap_err();
    assert_eq!(problem.code(), "forbidden");
    assert_eq!(code(&muted, Read), "ok");
    muted.now_ms = 1_500;
    assert_eq!(code(&muted, Write), "ok");

    for (kind, expected) in [(Kind::Public, "forbidden"), (Kind::Private, "not_found")] {
        let mut banned = standing(kind, None);
        banned.member = Some(Member {
            banned_until_ms: FOREVER_MS,
            ..Member::default()
        });
        for action in ALL {
            assert_eq!(code(&banned, action), expected, "{action:?}");
        }
    }
}

#[test]
fn an_archived_room_is_read_only() {
    let mut archived = standing(Kind::Public, Some(Role::Owner));
    archived.room.archived = true;
    assert_eq!(code(&archived, Write), "forbidden");
    assert_eq!(code(&archived, Read), "ok");
    assert_eq!(code(&archived, Archive), "ok");
}

#[test]
fn a_backend_may_what_an_owner_may() {
    let backend = Actor::Backend {
        key: "k".to_owned(),
    };
    for action in ALL {
        let outcome = standing(Kind::Private, None).check(&backend, action);
        assert!(outcome.is_ok(), "{action:?}");
    }
}

use super::*;

/// An entry with ordinal 5 of `user:7`, stored at 1,000.
fn facts() -> Facts {
    Facts {
        now_ms: 10_000,
        stored: Some((5, 1_000)),
        gateways_asked: true,
        ..Facts::default()
    }
}

fn cover(channel: &str, from_n: u64, replayed_n: u64, upto_n: u64, at_ms: i64) -> Coverage {
    Coverage {
        channel: channel.into(),
        from_n,
        replayed_n,
        upto_n,
        at_ms,
        left_at_ms: 0,
    }
}

fn stay(presence: Presence, ended_at_ms: i64, code: u32, coverage: &[Coverage]) -> Stay {
    Stay {
        report: SessionReport {
            session: "s".into(),
            node: "a".into(),
            connected_at_ms: 500,
            ended_at_ms,
            close_code: code,
            coverage: coverage.to_vec(),
            ..SessionReport::default()
        },
        presence,
    }
}

fn user(facts: &Facts, stays: &[Stay]) -> Verdict {
    decide(facts, Kind::User, "user:7", stays)
}

fn how(facts: &Facts, stays: &[Stay]) -> Result<Vec<How>, &'static str> {
    match user(facts, stays) {
        Verdict::Delivered(all) => Ok(all.into_iter().map(|one| one.how).collect()),
        Verdict::Not(reason) => Err(reason.code()),
    }
}

#[test]
fn coverage_tells_live_from_replay_and_from_neither() {
    use Presence::{Ended, Open};
    for (coverage, expected) in [
        (cover("user:7", 0, 4, 5, 600), Ok(vec![How::Live])),
        (
            cover("user:7", 4, 5, 9, 2_000),
            Ok(vec![How::Replay { at_ms: 2_000 }]),
        ),
        (cover("user:7", 5, 5, 9, 2_000), Err("began_after")),
        (cover("user:7", 0, 2, 4, 600), Err("behind")),
        (cover("all", 0, 9, 9, 600), Err("connected_elsewhere")),
    ] {
        assert_eq!(how(&facts(), &[stay(Open, 0, 0, &[coverage])]), expected);
    }
    let two = [
        stay(Ended, 1_500, 1000, &[cover("user:7", 0, 0, 5, 600)]),
        stay(Open, 0, 0, &[cover("user:7", 4, 6, 6, 2_000)]),
    ];
    assert_eq!(
        how(&facts(), &two),
        Ok(vec![How::Live, How::Replay { at_ms: 2_000 }])
    );
}

#[test]
fn a_replay_after_the_entry_had_left_the_log_is_no_delivery() {
    let replayed = |at_ms| {
        [stay(
            Presence::Open,
            0,
            0,
            &[cover("user:7", 4, 6, 6, at_ms)],
        )]
    };
    let collapsed = Facts {
        collapsed_at_ms: Some(3_000),
        ..facts()
    };
    assert_eq!(how(&collapsed, &replayed(3_500)), Err("collapsed"));
    assert!(how(&collapsed, &replayed(2_500)).is_ok());
    let live = [stay(Presence::Open, 0, 0, &[cover("user:7", 4, 4, 6, 700)])];
    assert_eq!(how(&collapsed, &live), Ok(vec![How::Live]));
}

#[test]
fn what_happened_to_the_entry_first_is_the_reason() {
    for (facts, code) in [
        (
            Facts {
                retracted_at_ms: Some(2_000),
                expires_at_ms: Some(3_000),
                ..facts()
            },
            "retracted",
        ),
        (
            Facts {
                retracted_at_ms: Some(4_000),
                expires_at_ms: Some(3_000),
                ..facts()
            },
            "expired",
        ),
        (
            Facts {
                collapsed_at_ms: Some(2_000),
                expires_at_ms: Some(3_000),
                ..facts()
            },
            "collapsed",
        ),
        (
            Facts {
                expires_at_ms: Some(30_000),
                ..facts()
            },
            "never_connected",
        ),
    ] {
        assert_eq!(how(&facts, &[]), Err(code));
    }
}

#[test]
fn what_is_not_stored_says_whether_it_will_be() {
    let base = Facts {
        stored: None,
        deliver_at_ms: Some(20_000),
        ..facts()
    };
    let late = Facts {
        now_ms: 20_000,
        ..base.clone()
    };
    let expired = Facts {
        now_ms: 40_000,
        expires_at_ms: Some(30_000),
        ..base.clone()
    };
    let cancelled = Facts {
        cancelled: true,
        ..base.clone()
    };
    for (facts, code) in [
        (base, "not_due"),
        (late, "pending"),
        (expired, "expired"),
        (cancelled, "cancelled"),
    ] {
        assert_eq!(how(&facts, &[]), Err(code));
    }
}

#[test]
fn an_absent_user_is_told_apart_by_his_sessions() {
    use Presence::{Ended, Lost, Open};
    let short = cover("user:7", 0, 2, 4, 600);
    let left = Coverage {
        left_at_ms: 900,
        ..short.clone()
    };
    let own = std::slice::from_ref(&short);
    let after = &[cover("user:7", 5, 5, 9, 2_000)];
    for (stays, code) in [
        (vec![], "never_connected"),
        (vec![stay(Ended, 900, 1000, own)], "not_connected_since"),
        (vec![stay(Ended, 900, 1000, &[])], "not_connected_since"),
        (vec![stay(Ended, 1_200, 4010, own)], "closed_too_slow"),
        (vec![stay(Ended, 1_200, 1012, own)], "closed"),
        (vec![stay(Ended, 1_200, 1000, &[])], "not_connected_since"),
        (vec![stay(Open, 0, 0, &[])], "connected_elsewhere"),
        (vec![stay(Open, 0, 0, &[left])], "connected_elsewhere"),
        (vec![stay(Open, 0, 0, own)], "behind"),
        (vec![stay(Ended, 3_000, 1000, after)], "began_after"),
        (
            vec![stay(Ended, 1_200, 1012, own), stay(Open, 0, 0, after)],
            "began_after",
        ),
        (
            vec![
                stay(Ended, 1_200, 1012, own),
                stay(Ended, 3_000, 1000, after),
            ],
            "closed",
        ),
        (vec![stay(Lost, 0, 0, own)], "session_lost"),
        (
            vec![stay(Ended, 1_200, 4010, own), stay(Open, 0, 0, own)],
            "behind",
        ),
    ] {
        assert_eq!(how(&facts(), &stays), Err(code), "{stays:?}");
    }
}

#[test]
fn a_group_nobody_is_known_to_follow_is_honestly_unknown() {
    let elsewhere = stay(Presence::Open, 0, 0, &[cover("user:7", 0, 0, 9, 600)]);
    let once = stay(
        Presence::Ended,
        900,
        1000,
        &[cover("group:ops", 0, 0, 3, 600)],
    );
    let code = |kind, channel, stays: &[Stay]| match decide(&facts(), kind, channel, stays) {
        Verdict::Not(reason) => reason.code(),
        Verdict::Delivered(_) => "delivered",
    };
    let group = |stays: &[Stay]| code(Kind::Group, "group:ops", stays);
    assert_eq!(group(std::slice::from_ref(&elsewhere)), "unknown");
    assert_eq!(
        group(&[elsewhere.clone(), once.clone()]),
        "connected_elsewhere"
    );
    assert_eq!(group(&[once]), "not_connected_since");
    assert_eq!(group(&[]), "never_connected");
    assert_eq!(code(Kind::All, "all", &[elsewhere]), "connected_elsewhere");
}

#[test]
fn without_the_gateways_absence_is_not_claimed() {
    let facts = Facts {
        gateways_asked: false,
        ..facts()
    };
    assert_eq!(how(&facts, &[]), Err("unknown"));
}

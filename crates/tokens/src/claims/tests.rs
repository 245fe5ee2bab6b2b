use super::*;
use proptest::prelude::*;

fn user_claims() -> Vec<String> {
    ["sub", "id", "user_id"].map(str::to_owned).into()
}

fn read(claims: &Value) -> Result<Identity, TokenError> {
    identity(claims, &user_claims())
}

#[test]
fn the_first_claim_that_is_present_names_the_user() {
    let user = |claims: Value| read(&claims).map(|identity| identity.user);
    assert_eq!(
        user(json!({"sub": "a", "id": "b", "exp": 1})),
        Ok("a".into())
    );
    assert_eq!(
        user(json!({"sub": null, "id": 7, "exp": 1})),
        Ok("7".into())
    );
    assert_eq!(
        user(json!({"user_id": u64::MAX, "exp": 1})),
        Ok(u64::MAX.to_string())
    );
    for claims in [
        json!({"exp": 1}),
        json!({"sub": "", "id": "b", "exp": 1}),
        json!({"sub": "a b", "exp": 1}),
        json!({"sub": "a\u{0}", "exp": 1}),
        json!({"sub": "*", "exp": 1}),
        json!({"sub": 1.5, "exp": 1}),
        json!({"sub": true, "exp": 1}),
        json!({"sub": ["a"], "exp": 1}),
    ] {
        assert_eq!(read(&claims), Err(TokenError::Claims), "{claims}");
    }
}

#[test]
fn a_claim_of_the_wrong_shape_voids_the_token() {
    let with = |claim: &str, value: Value| {
        let mut claims = json!({"sub": "a", "exp": 1});
        claims[claim] = value;
        read(&claims)
    };
    let long = "x".repeat(129);
    for (claim, value) in [
        ("exp", json!("1")),
        ("exp", Value::Null),
        ("iat", json!("now")),
        ("name", json!(7)),
        ("name", json!("a\u{1b}[2J")),
        ("name", json!("x".repeat(257))),
        ("groups", json!("ops")),
        ("groups", json!(["a b"])),
        ("groups", json!(vec!["g"; 65])),
        ("channels", json!(["topic:a"])),
        ("channels", json!({"topic:a": "x"})),
        ("channels", json!({"topic:a": true})),
        ("channels", json!({"*": "r"})),
        ("channels", json!({"top*": "r"})),
        ("channels", json!({"topic:a*b": "r"})),
        ("channels", json!({"topic:": "r"})),
        ("channels", json!({"all": "r"})),
        ("channels", json!({"user:*": "r"})),
        ("channels", json!({"group:ops": "r"})),
        ("channels", json!({"room:*": "rw"})),
        ("channels", json!({"system:metrics": "r"})),
        ("scope", json!(7)),
        ("scope", json!([7])),
        ("scope", json!(["a admin"])),
        ("scope", json!(long)),
        ("scope", json!(vec!["s"; 65])),
        ("type", json!("refresh")),
        ("type", json!(7)),
        ("token_type", json!("refresh")),
        ("sid", json!(7)),
        ("jti", json!("")),
        ("jti", json!(long)),
    ] {
        assert_eq!(
            with(claim, value.clone()),
            Err(TokenError::Claims),
            "{claim}: {value}"
        );
    }
    for (claim, value) in [
        ("type", json!("access")),
        ("token_type", json!("access")),
        ("groups", json!([1, "b"])),
        ("scope", json!(["a", "b"])),
        ("channels", json!({"topic:*": "rw", "topic:lab": "r"})),
        ("username", json!("小明")),
    ] {
        assert!(with(claim, value.clone()).is_ok(), "{claim}: {value}");
    }
}

#[test]
fn times_are_judged_with_leeway() {
    let at = |now_ms| Times {
        now_ms,
        leeway_ms: 5_000,
    };
    let check = |claims: Value, now_ms| check_times(&claims, at(now_ms));
    assert_eq!(check(json!({"exp": 100}), 104_999), Ok(()));
    assert_eq!(
        check(json!({"exp": 100}), 105_000),
        Err(TokenError::Expired)
    );
    assert_eq!(check(json!({"exp": 100.5}), 105_499), Ok(()));
    assert_eq!(check(json!({"exp": -1}), 0), Ok(()));
    assert_eq!(check(json!({"exp": i64::MIN}), 0), Err(TokenError::Expired));
    assert_eq!(check(json!({"exp": u64::MAX}), i64::MAX - 1), Ok(()));
    assert_eq!(check(json!({"exp": 1e300}), 0), Ok(()));
    for claim in ["nbf", "iat"] {
        assert_eq!(check(json!({"exp": 200, claim: 100}), 95_000), Ok(()));
        let early = check(json!({"exp": 200, claim: 100}), 94_999);
        assert_eq!(early, Err(TokenError::NotYetValid));
    }
    assert_eq!(check(json!({}), 0), Err(TokenError::Claims));
    assert_eq!(
        check(json!({"exp": 9, "nbf": "x"}), 0),
        Err(TokenError::Claims)
    );
}

#[test]
fn the_audience_is_one_or_a_list() {
    let check = |aud: Value| check_audience(&json!({"aud": aud}), "us").is_ok();
    assert!(check(json!("us")));
    assert!(check(json!(["them", "us"])));
    assert!(!check(json!("them")));
    assert!(!check(json!("us too")));
    assert!(!check(json!([["us"]])));
    assert!(!check(Value::Null));
}

fn any_id() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_.@:-]{1,128}"
}

prop_compose! {
    fn any_identity()(
        user in any_id(),
        name in proptest::option::of("[a-z \u{4e00}-\u{4e10}]{0,20}"),
        groups in proptest::collection::vec(any_id(), 0..4),
        patterns in proptest::collection::btree_map("topic:[a-z.]{0,9}\\*", 0..3_usize, 0..4),
        scopes in proptest::collection::vec("[a-z:]{1,20}", 0..4),
        session in proptest::option::of(any_id()),
        token_id in proptest::option::of(any_id()),
        issued_at_s in 0..4_000_000_000_i64,
    ) -> Identity {
        let channels = patterns.into_iter().map(|(pattern, letters)| ChannelRight {
            pattern,
            read: letters != 1,
            write: letters != 0,
        });
        Identity {
            user,
            name,
            groups,
            channels: channels.collect(),
            scopes,
            session,
            token_id,
            issued_at_ms: issued_at_s * 1_000,
            expires_at_ms: (issued_at_s + 60) * 1_000,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(identity in any_identity()) {
        prop_assert_eq!(read(&write("fanfare", &identity)), Ok(identity));
    }
}

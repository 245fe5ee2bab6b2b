use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use fanfare_e2e::{Bystander, Server, forge};
use serde_json::{Value, json};

/// Shows `token` in every place a token may stand; each time the socket must be closed with 4001 and nothing else said.
async fn is_refused(server: &Server, name: &str, token: &str) {
    let path = "/ws/notifications/";
    let placed = [
        server.upgrade(path).bearer(token),
        server.upgrade(path).query(token),
        server.upgrade(path).subprotocol(token),
    ];
    for upgrade in placed {
        let mut socket = upgrade.open().await;
        while let Ok(frame) = {
            let next = socket.next().await;
            if let Err(closed) = &next {
                assert_eq!(closed.code, 4001, "{name}");
            }
            next
        } {
            assert_eq!(frame["type"], "disconnect", "{name}: {frame}");
        }
    }
    let mut socket = server.upgrade(path).open().await;
    socket.send(&json!({"type": "auth", "token": token})).await;
    let error = socket.frame("error").await;
    assert_eq!(error["code"], "unauthorized", "{name}");
    assert_eq!(socket.closed().await.code, 4001, "{name}");
}

/// The texts of one public key that a careless verifier might take for a shared secret.
fn public_texts(jwks: &Value) -> Vec<Vec<u8>> {
    const SPKI: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
    let key = &jwks["keys"][0];
    let x = key["x"].as_str().unwrap();
    let raw = BASE64.decode(x).unwrap();
    let der = [SPKI, &raw].concat();
    let lines = base64::engine::general_purpose::STANDARD.encode(&der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n");
    vec![
        raw,
        x.into(),
        der,
        pem.clone().into(),
        pem.trim().into(),
        key.to_string().into(),
        jwks.to_string().into(),
        Vec::new(),
    ]
}

#[tokio::test]
async fn a_token_nobody_configured_signed_opens_nothing() {
    let server = Server::start().await;
    let mut bystander = Bystander::connect(&server).await;
    let good = server.api().token("ann").await;
    let (header, claims) = forge::open(&good);
    let kid = header["kid"].as_str();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let signature = BASE64.decode(signature).unwrap();
    let jwks = server
        .api()
        .get("/.well-known/jwks.json", "")
        .await
        .is(200)
        .body;

    let mut flipped = signature.clone();
    flipped[0] ^= 1;
    let none = forge::with_algorithm(&header, "none");
    let renamed = forge::with(&claims, "sub", &json!("bystander"));
    let mut tokens = vec![
        ("nonsense", "nonsense".to_owned()),
        ("empty parts", "..".to_owned()),
        ("no signature", format!("{signed}.")),
        ("two parts", signed.to_owned()),
        ("four parts", format!("{good}.x")),
        ("a flipped bit", forge::seal(&header, &claims, &flipped)),
        ("other claims", forge::seal(&header, &renamed, &signature)),
        ("alg none", forge::seal(&none, &claims, b"")),
        (
            "alg none with a signature",
            forge::seal(&none, &claims, &signature),
        ),
        (
            "alg NONE",
            forge::seal(&forge::with_algorithm(&header, "NONE"), &claims, b""),
        ),
        (
            "no alg",
            forge::seal(
                &forge::with(&header, "alg", &Value::Null),
                &claims,
                &signature,
            ),
        ),
        (
            "unknown kid",
            forge::seal(
                &forge::with(&header, "kid", &json!("nobody")),
                &claims,
                &signature,
            ),
        ),
        (
            "no kid",
            forge::seal(&forge::with(&header, "kid", &Value::Null), &claims, b"x"),
        ),
        (
            "kid of another shape",
            forge::seal(
                &forge::with(&header, "kid", &json!([1])),
                &claims,
                &signature,
            ),
        ),
        (
            "wrong issuer",
            forge::seal(
                &header,
                &forge::with(&claims, "iss", &json!("evil")),
                &signature,
            ),
        ),
        (
            "no issuer",
            forge::seal(
                &header,
                &forge::with(&claims, "iss", &Value::Null),
                &signature,
            ),
        ),
        (
            "claims of another shape",
            forge::seal(&header, &json!([claims]), &signature),
        ),
        (
            "a refresh token",
            server.api().login().await.text("/refresh_token"),
        ),
        ("an API key", server.api().key().to_owned()),
    ];
    for secret in public_texts(&jwks) {
        tokens.push((
            "HS256 by the public key",
            forge::hs256(kid, &claims, &secret),
        ));
    }
    let long = "x".repeat(7_000);
    tokens.push(("very long", long));
    for kid in ["../../../../dev/null", "' OR 1=1 --", "\0", "*"] {
        tokens.push((
            "kid that is a path or a query",
            forge::hs256(Some(kid), &claims, b""),
        ));
    }
    for (name, token) in tokens {
        is_refused(&server, name, &token).await;
    }
    bystander.still_served(&server).await;
    server.upgrade("/ws/").bearer(&good).welcomed().await;
}

#[tokio::test]
async fn a_key_in_the_token_itself_is_never_fetched_or_used() {
    let server = Server::start().await;
    let good = server.api().token("ann").await;
    let (header, claims) = forge::open(&good);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    for name in ["jku", "x5u"] {
        let header = forge::with(&header, name, &json!(url));
        let header = forge::with(&header, "kid", &json!("mine"));
        is_refused(&server, name, &forge::seal(&header, &claims, &[1; 64])).await;
    }
    let asked = futures_util::FutureExt::now_or_never(listener.accept());
    assert!(asked.is_none(), "the server followed an address in a token");
}

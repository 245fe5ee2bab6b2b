use super::*;
use fanfare_bus::embedded;
use fanfare_lifecycle::Tasks;
use fanfare_tokens::KeySet;

const DAY: Duration = Duration::from_secs(24 * 3600);

struct House {
    store: Store,
    bus: Arc<dyn Bus>,
    clock: Clock,
    _dir: tempfile::TempDir,
}

impl House {
    async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(1_700_000_000_000);
        let settings = embedded::Settings::new(dir.path());
        let handles = embedded::open(settings, clock.clone(), &Tasks::new(), &Shutdown::new())
            .await
            .unwrap();
        Self {
            store: Store { kv: handles.kv },
            bus: handles.bus,
            clock,
            _dir: dir,
        }
    }

    async fn worker(&self) -> KeyRing {
        let (store, bus) = (self.store.clone(), Arc::clone(&self.bus));
        KeyRing::open(store, bus, self.clock.clone(), 30 * DAY)
            .await
            .unwrap()
    }
}

fn kids(ring: &Ring) -> Vec<String> {
    let set = KeySet::read(&ring.document).unwrap();
    set.kids().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_next_key_is_published_before_it_signs_and_the_last_one_after() {
    let house = House::open().await;
    let keys = house.worker().await;
    let before = keys.ring();
    let published = kids(&before);
    assert_eq!(published.len(), 2);
    assert_eq!(published[0], before.current.kid());

    house.clock.advance(ms(30 * DAY) - 1);
    keys.tend().await.unwrap();
    assert_eq!(keys.ring().current.kid(), published[0], "not due yet");

    house.clock.advance(1);
    keys.tend().await.unwrap();
    let after = keys.ring();
    assert_eq!(after.current.kid(), published[1]);
    assert_eq!(kids(&after).len(), 3);
    assert!(kids(&after).contains(&published[0]));

    house.clock.advance(ms(DAY) + ms(LEEWAY_MAX));
    keys.tend().await.unwrap();
    assert!(
        !kids(&keys.ring()).contains(&published[0]),
        "its tokens have expired"
    );
    assert_eq!(kids(&keys.ring()).len(), 2);
}

#[tokio::test]
async fn workers_share_one_ring_and_one_of_them_rotates() {
    let house = House::open().await;
    let (a, b) = tokio::join!(house.worker(), house.worker());
    assert_eq!(kids(&a.ring()), kids(&b.ring()));
    house.clock.advance(ms(30 * DAY));
    let (first, second) = tokio::join!(a.tend(), b.tend());
    assert_eq!((first, second), (Ok(()), Ok(())));
    let (first, second) = (a.fresh().await.unwrap(), b.fresh().await.unwrap());
    assert_eq!(kids(&first), kids(&second));
    assert_eq!(kids(&first).len(), 3, "rotated once");
}

#[tokio::test]
async fn rotating_without_end_is_refused_before_verifiers_drown() {
    let house = House::open().await;
    let keys = house.worker().await;
    for _rotation in 0..RETIRED_MAX {
        keys.rotate().await.unwrap();
    }
    assert_eq!(keys.rotate().await.err(), Some(Fault::Conflict));
    assert_eq!(kids(&keys.ring()).len(), RETIRED_MAX + 2);
}

#[tokio::test]
async fn a_retired_key_leaves_its_secret_half() {
    let house = House::open().await;
    let keys = house.worker().await;
    keys.rotate().await.unwrap();
    let record = house.store.get::<Value>(KEY).await.unwrap().unwrap().value;
    assert!(record["current"]["pkcs8"].is_string());
    assert_eq!(record["retired"][0]["jwk"]["kty"], "OKP");
    assert!(record["retired"][0]["jwk"].get("d").is_none());
    assert!(record["retired"][0].get("pkcs8").is_none());
}

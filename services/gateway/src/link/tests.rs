//! A link over a real socket whose buffers are small.

use super::*;
use bytes::Bytes;
use std::net::{Ipv4Addr, TcpListener, TcpStream as Peer};

const BOUNDS: Bounds = Bounds {
    bytes: 1 << 20,
    frames: 10_000,
};

fn pair() -> (Link, Peer) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let peer = Peer::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    socket2::SockRef::from(&stream)
        .set_send_buffer_size(4_096)
        .unwrap();
    stream.set_nonblocking(true).unwrap();
    (Link::new(TcpStream::from_std(stream)), peer)
}

fn parcel(bytes: Vec<u8>, n: u64) -> Parcel {
    Parcel {
        bytes: Bytes::from(bytes),
        frames: 1,
        class: Class::Kept,
        mark: (n > 0).then(|| Mark {
            channel: Channel::all(),
            first_n: n,
        }),
    }
}

/// Parcels of different lengths, each byte of which is known.
fn parcels(count: usize) -> (Vec<Parcel>, Vec<u8>) {
    let mut expected = Vec::new();
    let parcels = (1..=count)
        .map(|number| {
            let first = expected.len();
            let bytes: Vec<u8> = (first..first + number % 700 + 1)
                .map(|at| at.to_le_bytes()[0])
                .collect();
            expected.extend_from_slice(&bytes);
            parcel(bytes, number as u64)
        })
        .collect();
    (parcels, expected)
}

/// Reads `len` bytes while the link writes what waits.
fn received(link: &mut Link, peer: &mut Peer, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let mut at = 0;
    peer.set_nonblocking(true).unwrap();
    while at < len {
        link.flush().unwrap();
        match peer.read(&mut bytes[at..]) {
            Ok(count) => at += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
    link.flush().unwrap();
    bytes
}

#[test]
fn what_is_sent_together_arrives_whole_and_in_order_however_little_the_socket_takes() {
    let (mut link, mut peer) = pair();
    let (parcels, expected) = parcels(2_000);
    let mut outcomes = Vec::new();
    // Some alone, some more than one vectored write holds.
    for some in [
        &parcels[..1],
        &parcels[1..3],
        &parcels[3..150],
        &parcels[150..],
    ] {
        outcomes.push(link.send(some.iter(), BOUNDS));
    }
    assert_eq!(outcomes[0], Sent::Written);
    assert_eq!(outcomes[3], Sent::Queued);
    let unwritten = link.first_unwritten(&Channel::all()).unwrap();
    assert!((3..2_000).contains(&unwritten), "{unwritten}");
    assert!(received(&mut link, &mut peer, expected.len()) == expected);
    assert_eq!(link.first_unwritten(&Channel::all()), None);
    assert!(!link.is_blocked());
}

#[test]
fn what_does_not_fit_is_known_and_a_close_lets_a_begun_parcel_end() {
    let (mut link, mut peer) = pair();
    let bounds = Bounds {
        bytes: 200_000,
        ..BOUNDS
    };
    let big = vec![b'x'; 1 << 20];
    // The first is begun whatever the bounds; of those behind it the second does not fit.
    let sent = [
        parcel(big.clone(), 1),
        parcel(vec![b'y'; 100_000], 2),
        parcel(vec![b'z'; 200_000], 3),
    ];
    assert_eq!(link.send(sent[..1].iter(), bounds), Sent::Queued);
    assert_eq!(link.send(sent[1..].iter(), bounds), Sent::TooSlow);
    assert!(link.close(CloseCode::TooSlow, 0, Timestamp::from_ms(0)));
    assert!(!link.close(CloseCode::Internal, 0, Timestamp::from_ms(0)));
    assert_eq!(link.send(sent[..1].iter(), bounds), Sent::Closed);
    let words = last_words(CloseCode::TooSlow, 0, Timestamp::from_ms(0));
    let came = received(&mut link, &mut peer, big.len() + words.len());
    assert!(came[..big.len()] == big && came[big.len()..] == words);
    // The first parcel was sent again after the close, and that one was not written.
    assert_eq!(link.first_unwritten(&Channel::all()), Some(1));
}

#[test]
fn whoever_waits_is_told_of_the_drain_and_of_the_end() {
    let (mut link, mut peer) = pair();
    let told = |link: &mut Link| {
        let (done, waiter) = oneshot::channel();
        link.when_drained(done);
        waiter
    };
    assert_eq!(told(&mut link).try_recv(), Ok(()));
    let big = parcel(vec![b'x'; 1 << 20], 1);
    assert_eq!(link.send(std::iter::once(&big), BOUNDS), Sent::Queued);
    let mut drained = told(&mut link);
    assert!(drained.try_recv().is_err());
    received(&mut link, &mut peer, big.bytes.len());
    assert_eq!(drained.try_recv(), Ok(()));
    assert_eq!(link.send(std::iter::once(&big), BOUNDS), Sent::Queued);
    let mut ended = told(&mut link);
    drop(link);
    assert_eq!(ended.try_recv(), Err(oneshot::error::TryRecvError::Closed));
}

#[test]
fn a_socket_that_is_dead_says_so() {
    let (mut link, peer) = pair();
    drop(peer);
    let small = parcel(vec![b'x'; 16], 1);
    // The first write tells the kernel, a later one tells us.
    let outcome = std::iter::repeat_with(|| link.send(std::iter::once(&small), BOUNDS))
        .find(|sent| *sent != Sent::Written);
    assert_eq!(outcome, Some(Sent::Broken));
}

//! The directory and its file: whom they are for, and what is refused.

use super::*;

#[tokio::test]
#[cfg(unix)]
async fn directory_and_file_are_for_this_user_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let subject = Embedded::new();
    let _handles = subject.open().await;
    let mode = |path: PathBuf| {
        let metadata = std::fs::metadata(path).expect("it is there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(subject.settings().path), 0o700);
    assert_eq!(mode(store_file(&subject)), 0o600);
}

#[tokio::test]
async fn a_store_that_is_open_is_refused_and_says_so() {
    let subject = Embedded::new();
    let handles = subject.open().await;
    let error = refused(&subject, subject.settings()).await;
    assert!(matches!(error, OpenError::AlreadyOpen { .. }), "{error}");
    append(&handles, record(&Channel::all())).await;
    drop(handles);
    subject.open().await;
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_called_damaged_and_left_alone() {
    let subject = Embedded::new();
    std::fs::create_dir_all(subject.settings().path).expect("made");
    for bytes in [b"not a store".to_vec(), vec![7; 100_000]] {
        std::fs::write(store_file(&subject), &bytes).expect("written");
        let error = refused(&subject, subject.settings()).await;
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
        assert_eq!(std::fs::read(store_file(&subject)).expect("read"), bytes);
    }
}

#[tokio::test]
async fn a_store_that_was_cut_short_is_called_damaged() {
    let subject = Embedded::new();
    let handles = subject.open().await;
    fill(&handles, &Channel::all(), 1_000).await;
    drop(handles);
    let bytes = std::fs::read(store_file(&subject)).expect("read");
    std::fs::write(store_file(&subject), &bytes[..bytes.len() / 2]).expect("written");
    let error = refused(&subject, subject.settings()).await;
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_store_of_a_newer_release_is_refused() {
    let subject = Embedded::new();
    drop(subject.open().await);
    let database = redb::Database::open(store_file(&subject)).expect("a closed store");
    let writing = database.begin_write().expect("a transaction");
    {
        let meta = TableDefinition::<&str, u64>::new("meta");
        let mut meta = writing.open_table(meta).expect("a table");
        meta.insert("format", 2).expect("written");
    }
    writing.commit().expect("committed");
    drop(database);
    let error = refused(&subject, subject.settings()).await;
    assert!(
        matches!(error, OpenError::Newer { found: 2, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_path_below_a_file_is_refused() {
    let subject = Embedded::new();
    let path = subject.directory.path().join("file");
    std::fs::write(&path, b"").expect("written");
    for path in [path.join("store"), path] {
        let error = refused(&subject, Settings::new(path)).await;
        assert!(matches!(error, OpenError::NotADirectory { .. }), "{error}");
    }
}

#[tokio::test]
async fn two_stores_have_different_epochs() {
    let (one, two) = (Embedded::new(), Embedded::new());
    let all = Channel::all();
    let epochs = [
        one.open().await.log.epoch(&all),
        two.open().await.log.epoch(&all),
    ];
    assert_ne!(epochs[0], epochs[1]);
}

#[tokio::test]
async fn a_log_gets_an_epoch_it_has_not_had_and_keeps_its_records() {
    let subject = Embedded::new();
    let path = subject.settings().path;
    let missing = embedded::renew_epoch(&path);
    assert!(matches!(missing, Err(OpenError::Io { .. })), "{missing:?}");
    assert!(!store_file(&subject).exists(), "nothing is made");
    let all = Channel::all();
    let handles = subject.open().await;
    let at = append(&handles, record(&all)).await;
    let before = handles.log.epoch(&all);
    let in_use = embedded::renew_epoch(&path);
    assert!(
        matches!(in_use, Err(OpenError::AlreadyOpen { .. })),
        "{in_use:?}"
    );
    drop(handles);
    embedded::renew_epoch(&path).expect("renewed");
    let handles = subject.open().await;
    assert_ne!(handles.log.epoch(&all), before);
    let heads = handles.log.heads(&[all]).await.expect("heads");
    assert_eq!(heads[0].last, at);
}

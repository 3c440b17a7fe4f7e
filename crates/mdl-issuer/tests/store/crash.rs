//! Killing the process, or the database server, in the middle of writes loses nothing that was answered and leaves
//! nothing half done.
//!
//! The process that is killed is this test program itself, started anew with only [`issue_until_killed`] to run.

use std::collections::HashSet;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use mdl_issuer::ledger::LedgerVerifier;
use mdl_issuer::store::{
    CompletionOutcome, IssuanceId, IssuanceState, NewStatusList, RedemptionOutcome,
    ReservationOutcome, SqlStore, Store,
};

use crate::postgres_server::PostgresServer;
use crate::rows::{TENANT, completion, hash, id, list, offer, redemption, reservation, subject};

const WHERE: &str = "MDL_TEST_CRASH_DATABASE";
const ROUND: &str = "MDL_TEST_CRASH_ROUND";
const PEOPLE: u32 = 8;

async fn open(database: &str) -> SqlStore {
    match database.strip_prefix("sqlite:") {
        Some(path) => SqlStore::sqlite(path.as_ref()).await.unwrap(),
        None => SqlStore::postgres(database, None, 4).await.unwrap(),
    }
}

/// Issues for several people at once, for ever, and prints each issuance once its completion was answered.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the tests of this module, which kill it"]
async fn issue_until_killed() {
    let Ok(database) = std::env::var(WHERE) else {
        return;
    };
    let round: u32 = std::env::var(ROUND).unwrap().parse().unwrap();
    let store = Arc::new(open(&database).await);
    let mut tasks = Vec::new();
    for person in 0..PEOPLE {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            let first = round * 1_000_000 + person * 100_000;
            for number in first.. {
                // A server that is down is waited for, as the service's callers would.
                while issue(&store, number, person).await.is_none() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                println!("issued {number}");
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

/// Offer, grant, batch. `None` if the store was not available; the same again finishes what was begun.
async fn issue(store: &SqlStore, number: u32, person: u32) -> Option<()> {
    let mut offer = offer(number);
    offer.subject.hash = subject(person);
    store.create_offer(offer).await.ok()?;
    let grant = match store.redeem(redemption(number)).await.ok()? {
        RedemptionOutcome::Granted(grant) => grant,
        other => panic!("{other:?}"),
    };
    let mut reservation = reservation(&grant, number);
    reservation.new.status_until = Some(crate::rows::at(1000));
    reservation.limits.documents_per_subject = u32::MAX;
    let issuance = match store.reserve(reservation).await.ok()? {
        ReservationOutcome::Reserved(issuance) | ReservationOutcome::Repeated(issuance) => issuance,
        other => panic!("{other:?}"),
    };
    let completion = completion(issuance.id, number);
    let outcome = store.complete(completion).await.ok()?;
    assert_eq!(outcome, CompletionOutcome::Completed);
    Some(())
}

fn start(database: &str, round: u32) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "crash::issue_until_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(WHERE, database)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Kills the process as the system does when memory runs out, and returns the issuances that it was answered.
fn kill(mut child: Child) -> Vec<u32> {
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    // The last line may be cut off.
    let whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole
        .lines()
        .filter_map(|line| line.strip_prefix("issued ")?.parse().ok())
        .collect()
}

async fn prepare(database: &str) {
    let store = open(database).await;
    for number in 1..=2 {
        let large = NewStatusList {
            size: 1 << 17,
            capacity: 100_000,
            ..list(number)
        };
        store.create_status_list(large).await.unwrap();
    }
}

/// What must hold whenever the process or the server was killed.
async fn check(database: &str, answered: &[u32]) {
    let store = open(database).await;
    for number in answered {
        let id = IssuanceId(id("issuance", *number));
        let kept = store.issuance(TENANT, id).await.unwrap();
        let state = kept.map(|issuance| issuance.state);
        let to_be_signed = hash("to be signed", 0);
        assert_eq!(
            state,
            Some(IssuanceState::Issued { to_be_signed }),
            "{number}"
        );
    }

    let mut verifier = LedgerVerifier::new(&[], &[]);
    let mut from = 0;
    loop {
        let page = store.ledger(from, 1000).await.unwrap();
        let Some(last) = page.last() else { break };
        from = last.sequence + 1;
        page.into_iter().for_each(|row| verifier.entry(row));
    }
    let report = verifier.finish(Some(store.ledger_head().await.unwrap()));
    assert!(report.is_intact(), "{:?}", report.findings);

    let mut positions = HashSet::new();
    let (mut issued, mut given) = (0, 0_u64);
    for person in 0..PEOPLE {
        for issuance in store.issuances(TENANT, subject(person)).await.unwrap() {
            assert_eq!(issuance.status.len(), 2, "all of a batch or nothing");
            for place in issuance.status {
                assert!(positions.insert(place), "{place:?} was given twice");
            }
            given += 2;
            if issuance.state != IssuanceState::Reserved {
                issued += 1;
            }
        }
    }
    assert_eq!(report.entries, 2 * issued, "an entry for each signature");
    let lists = store.status_lists(TENANT).await.unwrap();
    let allocated: u64 = lists.iter().map(|list| u64::from(list.allocated)).sum();
    assert_eq!(allocated, given);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_survives_that_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("issuer.db").display());
    prepare(&database).await;
    let mut answered = Vec::new();
    for round in 1..=8 {
        let child = start(&database, round);
        std::thread::sleep(Duration::from_millis(300 + u64::from(round) * 37));
        answered.extend(kill(child));
        check(&database, &answered).await;
    }
    assert!(
        !answered.is_empty(),
        "the process was killed before it did anything"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_survives_that_replicas_and_server_are_killed() {
    let Some(server) = PostgresServer::start() else {
        return;
    };
    let database = server.new_database();
    prepare(&database).await;
    let mut answered = Vec::new();
    for round in 1..=4 {
        let one = start(&database, 2 * round);
        let two = start(&database, 2 * round + 1);
        std::thread::sleep(Duration::from_millis(900 + u64::from(round) * 37));
        if round % 2 == 0 {
            server.stop();
            server.launch();
            std::thread::sleep(Duration::from_millis(500));
        }
        answered.extend(kill(one));
        answered.extend(kill(two));
        check(&database, &answered).await;
    }
    assert!(
        !answered.is_empty(),
        "the replicas were killed before they did anything"
    );
}

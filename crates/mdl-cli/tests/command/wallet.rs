//! `mdl wallet` against `mdl serve`: two processes, HTTP on loopback, SQLite, software keys.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::mdl::{Run, TRANSCRIPT, command, mdl, mdl_with_input, repository};

/// Unoptimised, on a busy machine.
const START: Duration = Duration::from_secs(120);
const MDL: &str = "org.iso.18013.5.1.mDL";

/// A service that ends with the test.
struct Service {
    child: Child,
    data: PathBuf,
    internal: String,
    token: String,
}

impl Service {
    /// `mdl serve` with these arguments on the data folder of a development service.
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = command(folder)
            .arg("serve")
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Nobody reads a log of a test that passes, but a full pipe would stop the service.
        let mut log = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let data = folder.join("dev");
        let started = Instant::now();
        let settings = loop {
            assert!(child.try_wait().unwrap().is_none(), "the service ended");
            assert!(started.elapsed() < START, "the service did not start");
            thread::sleep(Duration::from_millis(100));
            let settings = fs::read_to_string(data.join("issuer.toml")).unwrap_or_default();
            if let Some(internal) = address(&settings, "[internal]")
                && http(internal, "GET", "/readyz", "", "").is_some_and(|(status, _)| status == 200)
            {
                break settings;
            }
        };
        Self {
            child,
            internal: address(&settings, "[internal]").unwrap().to_owned(),
            token: fs::read_to_string(data.join("secrets/operator-token")).unwrap(),
            data,
        }
    }

    /// A development service whose records are there already: no portraits need to be drawn.
    fn development(folder: &Path) -> Self {
        let (records, examples) = (
            folder.join("dev/records"),
            repository().join("examples/records"),
        );
        fs::create_dir_all(&records).unwrap();
        fs::copy(examples.join("portrait.jpg"), records.join("portrait.jpg")).unwrap();
        for number in 1..=200 {
            let name = format!("sample-{number:03}.json");
            fs::copy(examples.join("erika.json"), records.join(name)).unwrap();
        }
        Self::start(
            folder,
            &[
                "--dev",
                "--data",
                "dev",
                "--port",
                &two_free_ports().to_string(),
            ],
        )
    }

    /// The one that the tests running at this moment share, which leave it as it is. The last of them ends it.
    fn shared() -> Arc<SharedService> {
        static SHARED: Mutex<Weak<SharedService>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return running;
        }
        let folder = tempfile::tempdir().unwrap();
        let started = Arc::new(SharedService {
            service: Self::development(folder.path()),
            _folder: folder,
        });
        *shared = Arc::downgrade(&started);
        started
    }

    /// Asks the internal listener.
    fn ask(&self, path: &str, body: &Value) -> Value {
        let path = format!("/tenants/dmv/{path}");
        let (status, answer) = http(
            &self.internal,
            "POST",
            &path,
            self.token.trim(),
            &body.to_string(),
        )
        .unwrap();
        assert!((200..300).contains(&status), "{status} {answer}");
        serde_json::from_str(&answer).unwrap()
    }

    fn offer(&self, subject: &str, tx_code: bool) -> Value {
        let mut body = json!({ "subject": subject, "configuration_ids": [MDL] });
        if tx_code {
            body["tx_code_digits"] = json!(6);
        }
        self.ask("offers", &body)
    }

    fn iaca(&self) -> String {
        self.data
            .join("authority/iaca/certificate.pem")
            .display()
            .to_string()
    }

    fn collect(&self, folder: &Path, link: &Value, more: &[&str]) -> Run {
        let iaca = self.iaca();
        let arguments = [
            "wallet",
            "collect",
            "-",
            "--allow-loopback-http",
            "--iaca",
            &iaca,
            "--json",
        ];
        mdl_with_input(
            folder,
            &[&arguments, more].concat(),
            link.as_str().unwrap().as_bytes(),
        )
    }
}

/// A service with its folder, which is removed after it has ended.
struct SharedService {
    service: Service,
    _folder: tempfile::TempDir,
}

impl Deref for SharedService {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address of a listener in the settings that `mdl serve --dev` wrote.
fn address<'s>(settings: &'s str, table: &str) -> Option<&'s str> {
    let (_, rest) = settings.split_once(&format!("\n{table}\n"))?;
    let (_, rest) = rest.split_once("address = \"")?;
    Some(rest.split_once('"')?.0)
}

/// A free port whose neighbour is free too: the internal listener takes that one.
pub(crate) fn two_free_ports() -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        if port < u16::MAX && TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
}

/// One request, one connection.
fn http(address: &str, method: &str, path: &str, token: &str, body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .ok()?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    Some((status, body.to_owned()))
}

#[test]
fn a_batch_is_collected_listed_and_presented_one_after_the_other() {
    let (service, folder) = (Service::shared(), tempfile::tempdir().unwrap());
    let at = folder.path();
    let offer = service.offer("sample-010", false);
    let report = service
        .collect(at, &offer["link_by_reference"], &["--batch", "3"])
        .expect(0)
        .json();
    assert_eq!(report["documents"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&report["repeated"], &report["iaca_checked"]),
        (&json!(0), &json!(true))
    );

    let list = || mdl(at, &["wallet", "list", "--json"]).expect(0).json()["batches"][0].clone();
    assert_eq!(
        (&list()["documents"], &list()["unused"]),
        (&json!(3), &json!(3))
    );
    let present = |out: &str| {
        let report = mdl(
            at,
            &[
                "wallet",
                "present",
                "--session-transcript",
                TRANSCRIPT,
                "--out",
                out,
                "--json",
                "--elements",
                "org.iso.18013.5.1:age_over_18,org.iso.18013.5.1:portrait",
            ],
        );
        report.expect(0).json()["document"].clone()
    };
    assert_eq!([present("a.cbor"), present("b.cbor")], [json!(0), json!(1)]);
    assert_eq!(list()["unused"], 1);
    for response in ["a.cbor", "b.cbor"] {
        let iaca = service.iaca();
        let arguments = [
            "verify",
            "--iaca",
            &iaca,
            "--session-transcript",
            TRANSCRIPT,
            response,
        ];
        mdl(at, &arguments).expect(0);
    }
}

#[test]
fn an_offer_with_a_transaction_code_wants_the_right_one_and_is_collected_once() {
    let (service, folder) = (Service::shared(), tempfile::tempdir().unwrap());
    let at = folder.path();
    let offer = service.offer("sample-011", true);
    let link = &offer["link_by_value"];
    let without = service.collect(at, link, &[]).expect(2);
    assert!(
        without.stderr.contains("--tx-code-file"),
        "{}",
        without.stderr
    );
    fs::write(at.join("wrong"), "x").unwrap();
    let wrong = service
        .collect(at, link, &["--tx-code-file", "wrong"])
        .expect(1);
    assert!(wrong.stderr.contains("invalid_grant"), "{}", wrong.stderr);

    fs::write(at.join("right"), offer["tx_code"].as_str().unwrap()).unwrap();
    let more = ["--tx-code-file", "right", "--batch", "2"];
    let report = service.collect(at, link, &more).expect(0).json();
    assert_eq!(report["documents"].as_array().unwrap().len(), 2);
    let again = service.collect(at, link, &more).expect(1);
    assert!(again.stderr.contains("invalid_grant"), "{}", again.stderr);
    // Nothing that failed was kept.
    assert_eq!(
        mdl(at, &["wallet", "list"])
            .expect(0)
            .stdout
            .lines()
            .count(),
        1
    );
}

#[test]
fn licences_of_another_issuer_than_the_trusted_one_are_not_kept() {
    let (service, folder) = (Service::shared(), tempfile::tempdir().unwrap());
    let at = folder.path();
    let stranger = crate::mdl::Sample::get().iaca();
    let link = service.offer("sample-012", false)["link_by_value"]
        .as_str()
        .unwrap()
        .to_owned();
    let arguments = [
        "wallet",
        "collect",
        "-",
        "--allow-loopback-http",
        "--iaca",
        &stranger,
    ];
    let run = mdl_with_input(at, &arguments, link.as_bytes()).expect(1);
    assert!(run.stderr.contains("does not verify"), "{}", run.stderr);
    assert!(
        mdl(at, &["wallet", "list"])
            .expect(0)
            .stdout
            .contains("no licences")
    );
    // The issuer was told.
    let issuances = service.ask("issuances/search", &json!({ "subject": "sample-012" }));
    assert_eq!(issuances[0]["notified"], "credential_failure");
}

#[test]
fn plain_http_is_refused_unless_it_is_allowed() {
    let (service, folder) = (Service::shared(), tempfile::tempdir().unwrap());
    let link = service.offer("sample-013", false)["link_by_value"]
        .as_str()
        .unwrap()
        .to_owned();
    let run = mdl_with_input(folder.path(), &["wallet", "collect", "-"], link.as_bytes()).expect(1);
    assert!(run.stderr.contains("not https"), "{}", run.stderr);
}

#[test]
fn a_short_load_is_carried_without_failures() {
    let (service, folder) = (Service::shared(), tempfile::tempdir().unwrap());
    let subjects: String = (20..40)
        .map(|number| format!("sample-{number:03}\n"))
        .collect();
    fs::write(folder.path().join("subjects"), subjects).unwrap();
    fs::write(folder.path().join("token"), &service.token).unwrap();
    let internal = format!("http://{}", service.internal);
    let report = mdl(
        folder.path(),
        &[
            "wallet",
            "load",
            "--internal",
            &internal,
            "--token-file",
            "token",
            "--tenant",
            "dmv",
            "--subjects",
            "subjects",
            "--batch",
            "2",
            "--concurrency",
            "2",
            "--seconds",
            "20",
            "--most",
            "6",
            "--allow-loopback-http",
            "--json",
        ],
    );
    let report = report.expect(0).json();
    assert_eq!(
        (&report["batches"], &report["documents"]),
        (&json!(6), &json!(12))
    );
    assert_eq!(report["failures"], json!({}));
}

/// A way to a service on which the answers to the first credential requests never arrive.
#[derive(Clone)]
struct Lossy {
    address: SocketAddr,
    /// Credential requests that went through.
    seen: Arc<AtomicUsize>,
    /// So many of which get no answer.
    lost: Arc<AtomicUsize>,
}

impl Lossy {
    fn to(service: SocketAddr, lost: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let lossy = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::new(AtomicUsize::new(0)),
            lost: Arc::new(AtomicUsize::new(lost)),
        };
        let way = lossy.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, way) = (client.unwrap(), way.clone());
                thread::spawn(move || pass(client, service, &way));
            }
        });
        lossy
    }
}

/// A development service in `at` whose wallets come by a lossy way.
fn behind_lossy(at: &Path, lost: usize) -> (Service, Lossy) {
    drop(Service::development(at));
    let path = at.join("dev/issuer.toml");
    let settings = fs::read_to_string(&path).unwrap();
    let public = address(&settings, "[public]").unwrap();
    let way = Lossy::to(public.parse().unwrap(), lost);
    let issuer = |address: &str| format!("issuer = \"http://{address}\"");
    fs::write(
        &path,
        settings.replace(&issuer(public), &issuer(&way.address.to_string())),
    )
    .unwrap();
    let service = Service::start(at, &["--config", "dev/issuer.toml"]);
    (service, way)
}

fn pass(client: TcpStream, service: SocketAddr, way: &Lossy) {
    let mut server = TcpStream::connect(service).unwrap();
    let (mut answers, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let cut = Arc::new(AtomicUsize::new(0));
    let cut_here = Arc::clone(&cut);
    thread::spawn(move || {
        let mut piece = [0; 16384];
        while let Ok(read @ 1..) = answers.read(&mut piece) {
            if cut_here.load(Ordering::SeqCst) > 0 {
                // The service has acted; its answer goes nowhere.
                break;
            }
            if to_client.write_all(&piece[..read]).is_err() {
                break;
            }
        }
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let mut requests = BufReader::new(client);
    loop {
        let piece = match requests.fill_buf() {
            Ok([]) | Err(_) => break,
            Ok(piece) => piece.to_vec(),
        };
        let is_credential_request = piece.starts_with(b"POST /credential ");
        let lost = way.lost.load(Ordering::SeqCst);
        if is_credential_request && way.seen.fetch_add(1, Ordering::SeqCst) < lost {
            cut.store(1, Ordering::SeqCst);
        }
        requests.consume(piece.len());
        if server.write_all(&piece).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}

#[test]
fn a_lost_answer_gives_the_same_batch_and_no_second_one() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let (service, way) = behind_lossy(at, 2);
    let offer = service.offer("sample-001", false);
    let report = service
        .collect(at, &offer["link_by_value"], &["--batch", "4"])
        .expect(0)
        .json();
    assert_eq!(
        (&report["repeated"], way.seen.load(Ordering::SeqCst)),
        (&json!(2), 3)
    );
    assert_eq!(report["documents"].as_array().unwrap().len(), 4);
    let issuances = service.ask("issuances/search", &json!({ "subject": "sample-001" }));
    let issuances = issuances.as_array().unwrap();
    assert_eq!(issuances.len(), 1, "{issuances:?}");
    assert_eq!(
        (&issuances[0]["documents"], &issuances[0]["state"]),
        (&json!(4), &json!("issued"))
    );
    assert_eq!(issuances[0]["notified"], "credential_accepted");
}

#[test]
fn a_wallet_that_is_killed_before_the_answer_gets_the_same_batch_when_it_asks_again() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let (service, way) = behind_lossy(at, usize::MAX);
    // By reference: the offer cannot be fetched again either.
    let offer = service.offer("sample-001", false);
    let link = offer["link_by_reference"].as_str().unwrap();
    let arguments = ["wallet", "collect", link, "--allow-loopback-http"];
    let more = ["--batch", "4", "--json"];
    let mut killed = command(at)
        .args(arguments)
        .args(more)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while way.seen.load(Ordering::SeqCst) == 0 {
        assert_eq!(killed.try_wait().unwrap(), None, "it waits for its answer");
        thread::sleep(Duration::from_millis(5));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let list = || mdl(at, &["wallet", "list", "--json"]).expect(0).json();
    assert_eq!(list(), json!({ "batches": [], "unfinished": 1 }));

    way.lost.store(0, Ordering::SeqCst);
    let collect = || mdl(at, &[&arguments[..], &more].concat());
    let report = collect().expect(0).json();
    assert_eq!(report["resumed"], true);
    assert_eq!(report["documents"].as_array().unwrap().len(), 4);
    assert_eq!(list()["unfinished"], 0);
    let kept = at.join(report["folder"].as_str().unwrap());
    let mut files: Vec<_> = fs::read_dir(kept)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".cbor") && !name.starts_with('0'))
        .collect();
    files.sort_unstable();
    assert_eq!(files, ["batch.json"], "token and its key are gone");
    let issuances = service.ask("issuances/search", &json!({ "subject": "sample-001" }));
    let issuances = issuances.as_array().unwrap();
    assert_eq!(issuances.len(), 1, "{issuances:?}");
    assert_eq!(issuances[0]["documents"], 4);
    assert_eq!(issuances[0]["notified"], "credential_accepted");
    // What was finished is not finished again.
    collect().expect(1);
}

#[test]
fn a_collection_that_is_refused_for_good_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let service = Service::shared();
    let offer = service.offer("nobody-of-this-name", false);
    service.collect(at, &offer["link_by_value"], &[]).expect(1);
    let list = mdl(at, &["wallet", "list", "--json"]).expect(0).json();
    assert_eq!(list, json!({ "batches": [], "unfinished": 0 }));
}

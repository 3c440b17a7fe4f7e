//! TLS of the listeners: which certificate they show, and whose they accept.

use std::fs;
use std::path::Path;
use std::process::Command;

use mdl_issuer::config::TlsFiles;
use reqwest::{Client, StatusCode};

use super::{Served, TOKEN, settings};

/// A self-signed certificate for `name` on 127.0.0.1, made by OpenSSL.
fn certificate(folder: &Path, name: &str) -> TlsFiles {
    let files = TlsFiles {
        certificate: folder.join("tls.pem"),
        key: folder.join("tls-key.pem"),
    };
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args([
            "-subj",
            &format!("/CN={name}"),
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .arg("-out")
        .arg(&files.certificate)
        .arg("-keyout")
        .arg(&files.key)
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    files
}

fn trusting(certificate: &Path) -> Client {
    let root = reqwest::Certificate::from_pem(&fs::read(certificate).unwrap()).unwrap();
    Client::builder()
        .no_proxy()
        .tls_certs_only([root])
        .build()
        .unwrap()
}

/// A client that says who it is by a certificate.
fn with(files: &TlsFiles, client: &TlsFiles) -> Client {
    let root = reqwest::Certificate::from_pem(&fs::read(&files.certificate).unwrap()).unwrap();
    let pem = [
        fs::read(&client.certificate).unwrap(),
        fs::read(&client.key).unwrap(),
    ]
    .concat();
    let identity = reqwest::Identity::from_pem(&pem).unwrap();
    Client::builder()
        .no_proxy()
        .tls_certs_only([root])
        .identity(identity)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_new_certificate_counts_without_a_restart_and_a_broken_one_never() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings();
    let files = certificate(folder.path(), "first");
    settings.public.tls = Some(files.clone());
    let served = Served::with(settings).await;
    let url = format!("https://{}/healthz", served.running.public_address());
    let first = trusting(&files.certificate);
    assert!(first.get(&url).send().await.unwrap().status().is_success());

    fs::write(&files.key, "no key").unwrap();
    served.running.reload().await;
    let again = trusting(&files.certificate);
    assert!(again.get(&url).send().await.unwrap().status().is_success());

    certificate(folder.path(), "second");
    served.running.reload().await;
    let second = trusting(&files.certificate);
    assert!(second.get(&url).send().await.unwrap().status().is_success());
    let plain = Client::builder().no_proxy().build().unwrap();
    let plain_url = url.replace("https", "http");
    assert!(plain.get(plain_url).send().await.is_err(), "TLS only");
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_client_certificate_lets_in_and_another_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let operators = folder.path().join("operators");
    let strangers = folder.path().join("strangers");
    for folder in [&operators, &strangers] {
        fs::create_dir(folder).unwrap();
    }
    let operator = certificate(&operators, "operator");
    let stranger = certificate(&strangers, "stranger");
    let mut settings = settings();
    let files = certificate(folder.path(), "service");
    settings.internal.tls = Some(files.clone());
    settings.internal.client_ca = Some(operator.certificate.clone());
    settings.internal.operators = Vec::new();
    let served = Served::with(settings).await;
    let url = format!("https://{}/metrics", served.running.internal_address());
    let answer = with(&files, &operator).get(&url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(with(&files, &stranger).get(&url).send().await.is_err());
    assert!(trusting(&files.certificate).get(&url).send().await.is_err());
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn with_tokens_configured_a_token_or_a_certificate_reads_the_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let (operators, strangers) = (folder.path().join("o"), folder.path().join("s"));
    for folder in [&operators, &strangers] {
        fs::create_dir(folder).unwrap();
    }
    let operator = certificate(&operators, "prometheus");
    let stranger = certificate(&strangers, "stranger");
    let files = certificate(folder.path(), "service");
    let mut settings = settings();
    settings.internal.tls = Some(files.clone());
    settings.internal.client_ca = Some(operator.certificate.clone());
    let served = Served::with(settings).await;
    let url = format!("https://{}/metrics", served.running.internal_address());
    let plain = trusting(&files.certificate);
    let refused = plain.get(&url).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let refused = plain.get(&url).bearer_auth("wrong").send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert!(with(&files, &stranger).get(&url).send().await.is_err());
    for let_in in [
        plain.get(&url).bearer_auth(TOKEN),
        with(&files, &operator).get(&url),
    ] {
        let answer = let_in.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(answer.text().await.unwrap().contains("mdl_ready{"));
    }
    served.running.stop().await.unwrap();
}

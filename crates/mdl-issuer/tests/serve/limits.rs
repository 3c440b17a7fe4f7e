//! What a request may take: header and body in size and time, and room beside others.

use std::time::Duration;

use mdl_issuer::config::RequestLimits;
use reqwest::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Served, any_rate};

/// Longer than any limit here, for a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

async fn served(limit: impl FnOnce(&mut RequestLimits)) -> Served {
    let mut settings = any_rate();
    limit(&mut settings.public.limits);
    Served::with(settings).await
}

async fn connection(served: &Served) -> TcpStream {
    TcpStream::connect(served.running.public_address())
        .await
        .unwrap()
}

/// The first line of an answer; empty if the connection ends without one.
async fn status_line(connection: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.contains(&b'\n') {
        let mut piece = [0; 1024];
        match timeout(PATIENCE, connection.read(&mut piece))
            .await
            .unwrap()
        {
            Ok(size @ 1..) => answer.extend_from_slice(&piece[..size]),
            Ok(0) | Err(_) => break,
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    answer.lines().next().unwrap_or_default().to_owned()
}

/// The answer to a request with a header of so many bytes.
async fn with_header(served: &Served, size: usize) -> String {
    let mut connection = connection(served).await;
    let padding = "a".repeat(size);
    let request = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nPadding: {padding}\r\n\r\n");
    // Whoever refuses need not read to the end.
    let _ = connection.write_all(request.as_bytes()).await;
    status_line(&mut connection).await
}

#[tokio::test]
async fn headers_beyond_their_limit_are_refused() {
    let served = served(|limits| limits.header_size = 16 << 10).await;
    assert!(with_header(&served, 15 << 10).await.contains(" 200 "));
    let refused = with_header(&served, 17 << 10).await;
    assert!(refused.contains(" 431 "), "{refused:?}");
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_client_that_sends_its_header_a_byte_at_a_time_is_cut_off() {
    let served = served(|limits| limits.header_time = Duration::from_secs(1)).await;
    for beginning in ["", "GET /healthz HTTP/1.1\r\nHost: x\r\nPadding: "] {
        let mut connection = connection(&served).await;
        connection.write_all(beginning.as_bytes()).await.unwrap();
        let (mut reading, mut writing) = connection.split();
        let trickle = async {
            while !beginning.is_empty() && writing.write_all(b"a").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            std::future::pending::<()>().await;
        };
        let mut rest = Vec::new();
        let cut_off = tokio::select! {
            read = timeout(PATIENCE, reading.read_to_end(&mut rest)) => read,
            () = trickle => unreachable!(),
        };
        // The end of the stream, or its reset.
        cut_off.expect("the connection ends").unwrap_or_default();
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
    }
    served.running.stop().await.unwrap();
}

/// Begins a request whose body is announced and does not come.
async fn half_a_body(served: &Served) -> TcpStream {
    let mut connection = connection(served).await;
    let head = "POST /dmv/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                Content-Length: 10\r\n\r\nhalf=";
    connection.write_all(head.as_bytes()).await.unwrap();
    connection
}

#[tokio::test]
async fn a_body_beyond_its_limit_is_refused_whether_it_is_announced_or_not() {
    let served = served(|limits| limits.body_size = 2000).await;
    for (size, refused) in [(1900, false), (2100, true)] {
        let body = "a".repeat(size);
        let head = "POST /dmv/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded";
        for request in [
            format!("{head}\r\nContent-Length: {size}\r\n\r\n{body}"),
            format!("{head}\r\nTransfer-Encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n"),
        ] {
            let mut connection = connection(&served).await;
            connection.write_all(request.as_bytes()).await.unwrap();
            let answer = status_line(&mut connection).await;
            assert_eq!(answer.contains(" 413 "), refused, "{size}: {answer}");
            assert_eq!(answer.contains(" 400 "), !refused, "{size}: {answer}");
        }
    }
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_request_that_does_not_end_is_answered_after_its_time() {
    let served = served(|limits| limits.request_time = Duration::from_secs(1)).await;
    let answer = status_line(&mut half_a_body(&served).await).await;
    assert!(answer.contains(" 503 "), "{answer}");
    served.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_request_beyond_the_room_is_turned_away_until_another_ends() {
    let served = served(|limits| limits.concurrent_requests = 1).await;
    let mut first = half_a_body(&served).await;
    let give_up = tokio::time::Instant::now() + PATIENCE;
    // The first one has its place as soon as its header has been read.
    let refused = loop {
        let answer = served.public("/healthz").send().await.unwrap();
        if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
            break answer;
        }
        assert!(
            tokio::time::Instant::now() < give_up,
            "nobody is turned away"
        );
    };
    assert_eq!(refused.headers()["retry-after"], "1");
    first.write_all(b"other").await.unwrap();
    assert!(status_line(&mut first).await.contains(" 400 "));
    let answer = served.public("/healthz").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    served.running.stop().await.unwrap();
}

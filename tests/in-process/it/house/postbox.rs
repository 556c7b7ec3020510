//! An SMTP server that takes e-mails and remembers them, and can be unwilling to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rollcall_core::{Smtp, SmtpSettings};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// An e-mail that was taken.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) to: String,
    /// As it came, headers included.
    pub(crate) source: String,
}

/// The server.
#[derive(Debug)]
pub(crate) struct Postbox {
    port: u16,
    state: Arc<State>,
    serving: tokio::task::JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    taken: Mutex<Vec<Taken>>,
    /// What is answered to whoever names a recipient, in place of `250 OK`.
    refusal: Mutex<Option<String>>,
    /// How often a recipient was named.
    attempts: Mutex<u32>,
    /// How many conversations began.
    conversations: Mutex<u32>,
}

impl Postbox {
    /// Opens one.
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<State>::default();
        let shared = Arc::clone(&state);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *shared.conversations.lock().unwrap() += 1;
                tokio::spawn(converse(stream, Arc::clone(&shared)));
            }
        });
        Self { port, state, serving }
    }

    /// How a core reaches it.
    pub(crate) fn smtp(&self) -> Smtp {
        Smtp::new(SmtpSettings {
            url: format!("smtp://127.0.0.1:{}", self.port).into(),
            password: None,
            from: "Rollcall <rollcall@example.com>".to_owned(),
            ca: None,
            timeout: Duration::from_secs(10),
            retry_delay: Duration::from_mins(1),
        })
        .unwrap()
    }

    /// Answers so to whoever names a recipient; `None`, takes it.
    pub(crate) fn refuse(&self, with: Option<&str>) {
        *self.state.refusal.lock().unwrap() = with.map(str::to_owned);
    }

    /// Stops listening.
    pub(crate) async fn shut(&mut self) {
        self.serving.abort();
        _ = (&mut self.serving).await;
    }

    /// How often a recipient was named, and how many conversations there were.
    pub(crate) fn attempts(&self) -> (u32, u32) {
        (*self.state.attempts.lock().unwrap(), *self.state.conversations.lock().unwrap())
    }

    /// What was taken, in the order in which it came.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.state.taken.lock().unwrap().clone()
    }

    /// The subject of each e-mail to an address.
    pub(crate) fn subjects_to(&self, address: &str) -> Vec<String> {
        self.taken().iter().filter(|mail| mail.to == address).map(Taken::subject).collect()
    }
}

impl Taken {
    /// A header, unfolded; empty, there is none.
    pub(crate) fn header(&self, name: &str) -> String {
        let head = self.source.split_once("\n\n").map_or(self.source.as_str(), |(head, _)| head);
        let unfolded = head.replace("\n ", " ").replace("\n\t", " ");
        let line = unfolded.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_default().to_owned()
    }

    /// The subject.
    pub(crate) fn subject(&self) -> String {
        self.header("Subject")
    }

    /// The source with what quoted-printable has broken put together again.
    pub(crate) fn text(&self) -> String {
        self.source.replace("=\n", "").replace("=3D", "=").replace("=20\n", " \n")
    }
}

async fn converse(stream: TcpStream, state: Arc<State>) -> Option<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut to = String::new();
    writer.write_all(b"220 postbox\r\n").await.ok()?;
    while let Some(line) = lines.next_line().await.ok()? {
        let word = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let answer = match word.as_str() {
            "EHLO" => "250-postbox\r\n250-8BITMIME\r\n250 SMTPUTF8".to_owned(),
            "RCPT" => {
                *state.attempts.lock().unwrap() += 1;
                let address = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
                to = address.map_or("", |(address, _)| address).to_owned();
                state.refusal.lock().unwrap().clone().unwrap_or_else(|| "250 OK".to_owned())
            }
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await.ok()?;
                let mut source = String::new();
                while let Some(line) = lines.next_line().await.ok()? {
                    if line == "." {
                        break;
                    }
                    source.push_str(line.strip_prefix('.').unwrap_or(&line));
                    source.push('\n');
                }
                state.taken.lock().unwrap().push(Taken { to: to.clone(), source });
                "250 taken".to_owned()
            }
            "QUIT" => {
                writer.write_all(b"221 bye\r\n").await.ok()?;
                return Some(());
            }
            _ => "250 OK".to_owned(),
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
    Some(())
}

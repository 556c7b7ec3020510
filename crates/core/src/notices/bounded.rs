//! A connection on which a server says no more at a time than an answer needs: what reads a line would keep one without an end in
//! memory until its time is over.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::client::{AsyncNetworkStream, AsyncTokioStream, TlsParameters};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt as _};

/// How many bytes a server may say before it is spoken to again: a greeting, an answer, a flight of TLS.
const LONGEST_ANSWER: usize = 64 * 1024;

/// A connection to a server that is not trusted to stop.
#[derive(Debug)]
pub(super) struct Bounded {
    stream: TcpStream,
    said: usize,
}

impl Bounded {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, said: 0 }
    }

    /// Turns TLS on. Errors: the server has none that we trust.
    pub(super) async fn with_tls(self, tls: TlsParameters) -> Result<Wrapped, SmtpError> {
        let mut wrapped = AsyncNetworkStream::use_existing_tokio1(Box::new(self));
        wrapped.upgrade_tls(tls).await?;
        Ok(Wrapped(wrapped.compat()))
    }
}

impl AsyncRead for Bounded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.said += buf.filled().len() - before;
        if self.said > LONGEST_ANSWER {
            let why = format!("it said more than {} KiB without being asked", LONGEST_ANSWER / 1024);
            return Poll::Ready(Err(io::Error::new(ErrorKind::InvalidData, why)));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.said = 0;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Bounded {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

/// A connection that has TLS from its beginning.
#[derive(Debug)]
pub(super) struct Wrapped(Compat<AsyncNetworkStream>);

impl AsyncRead for Wrapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wrapped {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Wrapped {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().peer_addr()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_server_that_does_not_stop_is_cut_off_and_one_that_answers_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut connection = Bounded::new(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
        let (mut server, _) = listener.accept().await.unwrap();
        let answer = vec![b'x'; LONGEST_ANSWER];
        for _ in 0..3 {
            connection.write_all(b"NOOP\r\n").await.unwrap();
            server.write_all(&answer).await.unwrap();
            let mut read = vec![0; LONGEST_ANSWER];
            connection.read_exact(&mut read).await.unwrap();
        }
        server.write_all(b"and more").await.unwrap();
        let error = connection.read_u8().await.unwrap_err();
        assert!(error.to_string().contains("64 KiB"), "{error}");
    }
}

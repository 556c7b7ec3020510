//! A connection of the gRPC API that is heard of, or ends.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};
use tonic::transport::server::{Connected, TcpConnectInfo};

use super::connections::{LONGEST_SILENCE, Place};

/// A connection that breaks when nothing has come for a while. HTTP/2 asks a silent peer whether it is there, so that one that
/// has begun is always heard of; what says nothing is none, or stopped in the middle of its beginning.
pub(super) struct Heard {
    stream: TcpStream,
    silence: Pin<Box<Sleep>>,
    /// Its place among the connections.
    _place: Place,
}

impl Heard {
    pub(super) fn new(stream: TcpStream, place: Place) -> Self {
        Self { stream, silence: Box::pin(sleep(LONGEST_SILENCE)), _place: place }
    }
}

impl Connected for Heard {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending => {
                ready!(self.silence.as_mut().poll(context));
                Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "nothing has come for too long")))
            }
            come @ Poll::Ready(_) => {
                self.silence.as_mut().reset(Instant::now() + LONGEST_SILENCE);
                come
            }
        }
    }
}

impl AsyncWrite for Heard {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

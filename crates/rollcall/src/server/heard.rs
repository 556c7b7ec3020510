//! A connection whose other end is there: it is heard of, and takes what it is sent.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use super::connections::{LONGEST_SILENCE, Place};
use super::under_way::UnderWay;

/// A connection that breaks when the other end has not taken anything of what it was sent for a while, or, where that is asked
/// for, when nothing has come.
pub(super) struct Heard {
    stream: TcpStream,
    /// Until something has to come.
    silence: Option<Pin<Box<Sleep>>>,
    /// Until something has to be taken; none while everything is.
    stalled: Option<Pin<Box<Sleep>>>,
    under_way: Arc<UnderWay>,
    /// Its place among the connections.
    _place: Place,
}

impl Heard {
    /// One that may be silent: HTTP/1.1 has time-outs of its own for what it waits for.
    pub(super) fn new(stream: TcpStream, place: Place, under_way: Arc<UnderWay>) -> Self {
        Self { stream, silence: None, stalled: None, under_way, _place: place }
    }

    /// Lets it be silent no longer, as one of HTTP/2 need not be: that asks a silent peer whether it is there, so that one that has
    /// begun is always heard of. What says nothing is none, or stopped in the middle of its beginning.
    pub(super) fn has_to_speak(&mut self) {
        self.silence = Some(Box::pin(sleep(LONGEST_SILENCE)));
    }

    /// What came of sending, unless nothing has been taken for too long.
    fn unless_stalled<T>(&mut self, sent: Poll<Result<T>>, context: &mut Context<'_>) -> Poll<Result<T>> {
        if sent.is_ready() {
            if self.stalled.take().is_some() {
                self.under_way.note_goes_on();
            }
            return sent;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(LONGEST_SILENCE)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "nothing has been taken for too long")))
    }
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let come = Pin::new(&mut self.stream).poll_read(context, buffer);
        let Some(silence) = &mut self.silence else { return come };
        if come.is_ready() {
            silence.as_mut().reset(Instant::now() + LONGEST_SILENCE);
            return come;
        }
        ready!(silence.as_mut().poll(context));
        Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "nothing has come for too long")))
    }
}

impl AsyncWrite for Heard {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.unless_stalled(sent, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.unless_stalled(sent, context)
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

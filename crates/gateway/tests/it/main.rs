//! The gateway as its clients see it, in front of a small core of its own.

#[cfg(test)]
mod activity_core;
#[cfg(test)]
mod authentication;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod bulk;
#[cfg(test)]
mod depth;
#[cfg(test)]
mod discovery;
#[cfg(test)]
mod fake_core;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod http;
#[cfg(test)]
mod judged;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod listing;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod oauth_core;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod probes;
#[cfg(test)]
mod reporter;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod search;
#[cfg(test)]
mod users;
#[cfg(test)]
mod wire;

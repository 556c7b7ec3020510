//! The real binary: where its settings come from, how it starts, and how it ends.

#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod process;
#[cfg(test)]
mod settings;

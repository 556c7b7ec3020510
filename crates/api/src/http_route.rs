//! Which route answered a request, for those who count.

use std::borrow::Cow;

/// A route as a pattern, such as `/scim/v2/Users/{id}`: an extension of the answer. Of a service there are so many and no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRoute(pub Cow<'static, str>);

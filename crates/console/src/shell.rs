//! What stands around every page: the directories, the sections and who is signed in.

use rollcall_api::client;
use rollcall_api::v1::{Directory, ListDirectoriesRequest};

use crate::assets::{ASSETS, Assets};
use crate::cookies::Theme;
use crate::notice::Notice;
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::{Console, url};

/// Directories in the menu; beyond these the list of directories leads on.
const IN_MENU: i32 = 100;

/// The sections of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Overview,
    Provisioning,
    Activity,
    Users,
    Groups,
    Rules,
    Settings,
    Directories,
    Keys,
    Audit,
    Account,
}

/// The frame of a page.
#[derive(Debug)]
pub(crate) struct Shell {
    pub(crate) assets: &'static Assets,
    pub(crate) theme: Theme,
    pub(crate) csrf: String,
    pub(crate) section: Section,
    /// The names of the directories.
    pub(crate) directories: Vec<String>,
    /// The directory that the page is about.
    pub(crate) directory: Option<String>,
    /// Whether what the identity provider of that directory sends is checked and not done.
    pub(crate) is_dry_run: bool,
    pub(crate) notice: Option<Notice>,
    /// The path and query of the page.
    pub(crate) here: String,
}

impl Shell {
    /// Whether the page is in this section.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    pub(crate) fn is(&self, section: &Section) -> bool {
        self.section == *section
    }

    /// The path of the directory that the page is about, or of the first one.
    pub(crate) fn base(&self) -> String {
        let name = self.directory.as_ref().or(self.directories.first());
        name.map_or_else(|| crate::PATH.to_owned(), |name| directory_path(name))
    }

    /// The directory whose sections the menu has: that of the page, or the only one.
    pub(crate) fn in_menu(&self) -> Option<&str> {
        match (&self.directory, self.directories.as_slice()) {
            (Some(name), _) => Some(name),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }

    /// What the directory menu shows.
    pub(crate) fn shown_directory(&self) -> &str {
        let none = if self.directories.is_empty() { "No directory yet" } else { "Choose a directory" };
        self.in_menu().unwrap_or(none)
    }

    pub(crate) fn with_notice(self, notice: Option<Notice>) -> Self {
        Self { notice: notice.or(self.notice), ..self }
    }
}

/// The path of the pages of a directory.
pub(crate) fn directory_path(name: &str) -> String {
    format!("{}/d/{}", crate::PATH, url::escape(name))
}

impl Console {
    /// The frame of a page of a directory, and the directory. Errors: there is none, or nobody is signed in.
    pub(crate) async fn directory_shell(
        &self,
        session: &SignedIn,
        section: Section,
        name: &str,
    ) -> Result<(Shell, Directory), Problem> {
        let directory = async {
            let request = rollcall_api::v1::GetDirectoryRequest { name: name.to_owned() };
            self.answered(client::directories(self.core()).get_directory(session.message(request))).await
        };
        let (shell, directory) = tokio::try_join!(self.shell(session, section), directory)?;
        let directory = directory.directory.ok_or_else(Problem::late)?;
        let is_dry_run = directory.scim_enabled && directory.dry_run;
        Ok((Shell { directory: Some(directory.name.clone()), is_dry_run, ..shell }, directory))
    }

    /// The frame of a page that is about no directory.
    pub(crate) async fn shell(&self, session: &SignedIn, section: Section) -> Result<Shell, Problem> {
        let request = ListDirectoriesRequest { page_size: IN_MENU, page_token: String::new() };
        let listed = self
            .answered(client::directories(self.core()).list_directories(session.message(request)))
            .await?;
        Ok(Shell {
            assets: &ASSETS,
            theme: session.theme,
            csrf: session.csrf(),
            section,
            directories: listed.directories.into_iter().map(|directory| directory.name).collect(),
            directory: None,
            is_dry_run: false,
            notice: None,
            here: session.here.clone(),
        })
    }

    /// The URL of the SCIM endpoint, as identity providers reach it.
    pub(crate) fn endpoint(&self, session: &SignedIn) -> String {
        match &self.settings.public_url {
            Some(url) => format!("{url}/scim/v2"),
            None => format!("{}://{}/scim/v2", self.scheme(), session.host),
        }
    }

    /// The URL at which OAuth clients fetch their tokens.
    pub(crate) fn token_endpoint(&self, session: &SignedIn) -> String {
        match &self.settings.public_url {
            Some(url) => format!("{url}/oauth2/token"),
            None => format!("{}://{}/oauth2/token", self.scheme(), session.host),
        }
    }

    fn scheme(&self) -> &'static str {
        if self.settings.is_encrypted { "https" } else { "http" }
    }
}

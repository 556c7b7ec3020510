//! What the error of a unique index means.

/// What another row has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// The name of a resource.
    Name,
    /// The name of a directory.
    DirectoryName,
    /// The secret of a credential.
    Secret,
    /// Another process made the same row at the same time.
    Row,
}

/// What is taken, by the name of the index, or by the columns of it.
pub(crate) fn taken(index: &str) -> Taken {
    match index {
        _ if index.contains("unique_name") => Taken::Name,
        _ if index.contains("directories") && index.contains("name") => Taken::DirectoryName,
        _ if index.contains("hash") => Taken::Secret,
        _ => Taken::Row,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_told_by_the_constraint_or_by_the_columns() {
        for index in [
            "resources_unique_name",
            "UNIQUE constraint failed: resources.directory_id, resources.unique_name",
        ] {
            assert_eq!(taken(index), Taken::Name);
        }
        for index in ["directories_name_key", "UNIQUE constraint failed: directories.name"] {
            assert_eq!(taken(index), Taken::DirectoryName);
        }
        for index in ["credentials_hash_key", "UNIQUE constraint failed: credentials.hash"] {
            assert_eq!(taken(index), Taken::Secret);
        }
        for index in ["directories_pkey", "names_pkey", "leases_pkey"] {
            assert_eq!(taken(index), Taken::Row);
        }
    }
}

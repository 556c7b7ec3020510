//! The icons: lines of our own on a grid of 16, in the colour of the text beside them. They say nothing that the text does not.

macro_rules! icons {
    ($($name:ident: $path:literal;)*) => {$(
        pub(crate) const $name: &str = concat!(
            r#"<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false"><path d=""#,
            $path,
            r#""/></svg>"#
        );
    )*};
}

icons! {
    OVERVIEW: "M2.5 13.5v-5M6.2 13.5v-9M9.8 13.5v-6M13.5 13.5v-11";
    PROVISIONING: "M5.5 6.5v-4M10.5 6.5v-4M3.5 6.5h9v2a4.5 4.5 0 0 1-9 0zM8 13v1.5";
    ACTIVITY: "M1.5 8h3l2-5.5 3 11 2-5.5h3";
    USERS: "M8 8a2.75 2.75 0 1 0 0-5.5A2.75 2.75 0 0 0 8 8zM2.8 13.8c.5-2.4 2.6-3.6 5.2-3.6s4.7 1.2 5.2 3.6";
    GROUPS: "M6 7.5A2.25 2.25 0 1 0 6 3a2.25 2.25 0 0 0 0 4.5zM1.8 13c.4-2.2 2-3.3 4.2-3.3s3.8 1.1 4.2 3.3M10.6 3.2a2.2 2.2 0 0 1 0 4.2M12 9.9c1.3.4 2.1 1.5 2.3 3.1";
    RULES: "M2.5 4.5h11M2.5 8h7M2.5 11.5h4M11 12l1.4 1.4L15 10.6";
    SETTINGS: "M2 4.5h6M11.5 4.5H14M2 11.5h2.5M8 11.5h6M9.7 6.2a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4zM6.3 13.2a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4z";
    DIRECTORIES: "M2 4.2c0-.7.5-1.2 1.2-1.2h3l1.4 1.6h5.2c.7 0 1.2.5 1.2 1.2v6c0 .7-.5 1.2-1.2 1.2H3.2c-.7 0-1.2-.5-1.2-1.2z";
    KEY: "M10.2 9.3a3.6 3.6 0 1 0-3.4-2.5L2.5 11v2.5H5l.3-1.6 1.6-.3.3-1.6 1.3-1.1M11.2 5.2h.01";
    AUDIT: "M4 1.8h5.5L12.5 5v9.2h-8.5zM6.3 7.5h4M6.3 10.3h4M9.3 2v3.2h3";
    ACCOUNT: "M8 7.6a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8zM8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM3.9 12.9c.6-1.8 2.1-2.8 4.1-2.8s3.5 1 4.1 2.8";
    MENU: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11";
    CHEVRON: "M5 6.5 8 9.5l3-3";
    COPY: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z";
    SEARCH: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5l3.5 3.5";
    CHECK: "M3 8.5 6.3 12 13 4.5";
    WARNING: "M8 2 14.5 13.5h-13zM8 6.5v3M8 11.6h.01";
    MOON: "M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1z";
    OUT: "M6.5 2.5h-4v11h4M10.5 5 13.5 8l-3 3M6 8h7.5";
    PLUS: "M8 3v10M3 8h10";
    UP: "M8 13V3M4 7l4-4 4 4";
    DOWN: "M8 3v10M4 9l4 4 4-4";
}

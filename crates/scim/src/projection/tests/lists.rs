//! Lists of attributes with filters in them.

use super::*;

#[test]
fn a_comma_in_a_filter_parts_nothing() {
    for (list, expected) in [
        ("a,b", vec!["a", "b"]),
        (" a ,, b ,", vec!["a", "b"]),
        ("a[b eq \"c,d\"],e", vec!["a[b eq \"c,d\"]", "e"]),
        ("a[b eq 1, 2],c[d],e", vec!["a[b eq 1, 2]", "c[d]", "e"]),
        ("a[b eq \"]\" or c eq \"d,e\"],f", vec!["a[b eq \"]\" or c eq \"d,e\"]", "f"]),
        ("a[b eq \"[\"],c", vec!["a[b eq \"[\"]", "c"]),
        ("a[b eq \"c\\\"],d\"],e", vec!["a[b eq \"c\\\"],d\"]", "e"]),
        ("a[b eq \"c\\\\\"],d", vec!["a[b eq \"c\\\\\"]", "d"]),
        ("a[b eq \"c\\\\\\\"],d\"],e", vec!["a[b eq \"c\\\\\\\"],d\"]", "e"]),
        ("a[b\\\"],c\"],d", vec!["a[b\\\"],c\"]", "d"]),
        ("a\"b,c[d,e],f", vec!["a\"b", "c[d,e]", "f"]),
        ("a\\,b", vec!["a\\", "b"]),
    ] {
        assert_eq!(items(list).collect::<Vec<_>>(), expected, "{list}");
    }
}

#[test]
fn what_stands_behind_a_filter_is_chosen_too() {
    assert_eq!(
        shown(&["emails[type eq \"a]\\\",b\"].type,userName"], &[]),
        json!({"userName": "ana", "emails": [{"type": "work"}]})
    );
    assert_eq!(shown(&[], &["emails[type eq \"a\\\\\"],userName"]), all_but(&["emails", "userName"]));
}

//! Tests of `decode.rs`.

use super::*;

const SHAPE: Shape = Shape { depth: 3, members: 8 };

#[test]
fn depth_and_members_are_counted_outside_of_texts() {
    for (body, fits) in [
        (r#"{"a":[[1,2]],"b":"[[[[,,,,,,,,,"}"#, true),
        (r#"{"a":"\"[[[["}"#, true),
        (r#"{"a":"\\","b":[[1]]}"#, true),
        (r#"{"a":[[[1]]]}"#, false),
        (r#"{"a":"\\","b":[[[1]]]}"#, false),
        ("[[[[[[[[", false),
        ("]]]]]]]][[[", true),
        (r#"{"a":1,"a":1,"a":1,"a":1,"a":1,"a":1,"a":1,"a":1}"#, true),
        (r#"{"a":1,"a":1,"a":1,"a":1,"a":1,"a":1,"a":1,"a":1,"a":1}"#, false),
        ("[1,2,3,4,5,6,7,8,9]", false),
        ("[],[],[],[],[]", false),
        ("", true),
    ] {
        assert_eq!(SHAPE.check_json(body.as_bytes()).is_ok(), fits, "{body}");
    }
}

#[test]
fn fields_of_a_form_are_counted() {
    assert!(SHAPE.check_form(b"a=1&a=2&a=3&a=4&a=5&a=6&a=7&a=8").is_ok());
    assert!(SHAPE.check_form(b"a=1&a=2&a=3&a=4&a=5&a=6&a=7&a=8&a=9").is_err());
    assert!(SHAPE.check_form(b"&&&&&&&&&&").is_err());
}

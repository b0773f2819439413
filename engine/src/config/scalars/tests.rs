//! Tests of `scalars.rs`.

use super::*;

#[test]
fn durations_are_read_as_go_reads_them() {
    for (text, milliseconds) in [
        ("1h30m", 5_400_000),
        ("200ms", 200),
        ("1.5s", 1500),
        ("24h", 86_400_000),
        ("0s", 0),
        ("0", 0),
        ("2us", 0),
    ] {
        assert_eq!(duration(text).map(|d| d.as_millis()), Some(milliseconds), "{text}");
    }
    for text in ["", "10", "h", "1d", "-1h", "1h 30m", "1..5s", "9999999h9999999h"] {
        assert_eq!(duration(text), None, "{text}");
    }
}

#[test]
fn a_megabyte_is_1024_times_1024_bytes() {
    for (text, bytes) in
        [("8MB", 8 << 20), ("19MiB", 19 << 20), ("128KB", 128 << 10), ("4096", 4096), ("1GB", 1 << 30)]
    {
        assert_eq!(size(text), Some(bytes), "{text}");
    }
    for text in ["", "MB", "8 parsecs", "-1MB"] {
        assert_eq!(size(text), None, "{text}");
    }
}

#[test]
fn spellings_that_stock_kratos_refuses_are_rewritten() {
    for (kind, given, expected) in [
        (Kind::Duration, json!("1.5h"), json!("5400000ms")),
        (Kind::Duration, json!("1h30m"), json!("1h30m")),
        (Kind::Size, json!("19MiB"), json!("19MB")),
        (Kind::Size, json!(8192), json!("8KB")),
        (Kind::Flag, json!(true), json!("true")),
        (Kind::Flag, json!("True"), json!("true")),
        (Kind::Choice(&["auto", "true", "false"]), json!(true), json!("true")),
        (Kind::Choice(&["auto", "true", "false"]), json!("false"), json!("false")),
        (Kind::Bool, json!("false"), json!(false)),
        (Kind::Integer(1, 9), json!("4"), json!(4)),
    ] {
        assert_eq!(check(kind, &given), Ok(expected), "{given}");
    }
}

#[test]
fn a_refused_secret_is_not_repeated() {
    let wrong = check(Kind::Secrets(16), &json!(["hunter2"])).unwrap_err();
    assert!(!format!("{wrong:?}").contains("hunter2"));
}

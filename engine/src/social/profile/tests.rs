//! Tests of `profile.rs`.

use super::*;

#[test]
fn claims_take_one_shape() {
    let shaped = shape(&json!({
        "iss": "i", "sub": "s", "email": "a@b.c", "email_verified": "true", "name": "", "custom": 1,
    }));
    assert_eq!(
        shaped,
        json!({
            "iss": "i", "sub": "s", "email": "a@b.c", "email_verified": true,
            "raw_claims": {"iss": "i", "sub": "s", "email": "a@b.c", "email_verified": "true", "name": "", "custom": 1},
        })
    );
    assert!(shape(&json!({"email_verified": "false"})).get("email_verified").is_none());
}

/// What is no yes is none, however it is written; dates and languages become Kratos'; the rest stays as it is.
#[test]
fn claims_of_other_types_take_kratos_types_or_stay_as_they_are() {
    for yes in [json!(true), json!("true"), json!("True"), json!("1"), json!(1)] {
        assert_eq!(shape(&json!({"email_verified": yes}))["email_verified"], json!(true), "{yes}");
    }
    for no in
        [json!(false), json!("no"), json!("yes"), json!(0), json!([true]), json!({"a": true}), json!(null)]
    {
        assert!(shape(&json!({"email_verified": no})).get("email_verified").is_none(), "{no}");
    }
    for (name, written, shaped) in [
        ("updated_at", json!("2020-07-23T19:45:32.614Z"), json!(1_595_533_532)),
        ("updated_at", json!("1595533532"), json!(1_595_533_532)),
        ("updated_at", json!(1_595_533_532), json!(1_595_533_532)),
        ("updated_at", json!("yesterday"), json!("yesterday")),
        ("locale", json!({"language": "de", "country": "AT"}), json!("de-AT")),
        ("locale", json!({"country": "AT", "language": ""}), json!("AT")),
        ("locale", json!({"variant": 1}), json!({"variant": 1})),
        ("locale", json!(["de"]), json!(["de"])),
        ("zoneinfo", json!({"name": "Europe/Vienna"}), json!({"name": "Europe/Vienna"})),
        ("sub", json!(42), json!("42")),
        ("name", json!(["Ann", "Bo"]), json!(["Ann", "Bo"])),
    ] {
        let claims = json!({ name: written });
        let all = shape(&claims);
        assert_eq!((&all[name], &all["raw_claims"]), (&shaped, &claims));
    }
}

#[test]
fn git_hub_s_address_is_the_checked_primary_one() {
    let person = json!({"id": 583_231, "login": "octo", "name": null, "email": "shown@example.org"});
    let addresses = json!([
        {"email": "old@example.org", "primary": false, "verified": true},
        {"email": "octo@example.org", "primary": true, "verified": true},
    ]);
    let claims = git_hub(person.clone(), &addresses);
    assert_eq!(
        (claims["sub"].as_str(), claims["name"].as_str(), claims["email"].as_str()),
        (Some("583231"), Some("octo"), Some("octo@example.org"))
    );
    let unchecked = json!([{"email": "octo@example.org", "primary": true, "verified": false}]);
    assert!(git_hub(person, &unchecked).get("email").is_none());
}

#[test]
fn names_of_providers_become_standard_ones() {
    let discord = own_names(
        "discord",
        json!({"id": "80351110224678912", "username": "nelly", "global_name": null, "email": "n@example.org", "verified": true}),
    );
    assert_eq!(
        (&discord["sub"], &discord["email_verified"], &discord["preferred_username"]),
        (&json!("80351110224678912"), &json!(true), &json!("nelly"))
    );
    let spotify = own_names(
        "spotify",
        json!({"id": "w", "display_name": "W", "email": "w@example.org", "images": [{"url": "https://i.example/1"}]}),
    );
    assert_eq!(
        (&spotify["sub"], &spotify["name"], &spotify["picture"]),
        (&json!("w"), &json!("W"), &json!("https://i.example/1"))
    );
    let facebook = own_names(
        "facebook",
        json!({"id": "10", "first_name": "F", "last_name": "B", "email": "f@example.org"}),
    );
    assert_eq!((&facebook["sub"], &facebook["given_name"]), (&json!("10"), &json!("F")));
    assert_eq!(own_names("", json!({"id": 7}))["sub"], json!("7"));
    assert_eq!(own_names("", json!({"id": 7, "sub": "x"}))["sub"], json!("x"));
}

//! Hashes from other systems that an administrator imports, in the formats of Kratos (hash/hash_comparator.go, hash/hash_limits.go).
//! They are only verified: the next sign-in replaces the hash with one of the current parameters.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, Mac};
use md5::Md5;
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

/// Kratos': what costs more is not taken in.
const MOST_ROUNDS: u32 = 10_000_000;
const LARGEST_N: u32 = 1 << 17;
const LARGEST_R: u32 = 8;
const LARGEST_P: u32 = 10;

/// Bytes of a key: no format has more.
const LONGEST_KEY: usize = 1024;

/// Stored text, taken apart.
pub(super) struct Imported {
    way: Way,
    key: Vec<u8>,
}

enum Way {
    Pbkdf2 {
        function: Function,
        rounds: u32,
        salt: Vec<u8>,
    },
    Scrypt {
        params: scrypt::Params,
        salt: Vec<u8>,
    },
    /// A digest of the pattern, in which salt and password have their places.
    Digest {
        function: Function,
        pattern: Vec<u8>,
        salt: Vec<u8>,
    },
    /// The key is the digest in hexadecimal digits.
    Hmac {
        function: Function,
        secret: Vec<u8>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Function {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

const SALT: &[u8] = b"{SALT}";
const PASSWORD: &[u8] = b"{PASSWORD}";

impl Imported {
    /// `None`: none of these formats, or one that costs too much.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let found = match text.strip_prefix('$') {
            Some(rest) => modular(rest)?,
            None => ldap(text)?,
        };
        Some(found).filter(|one| (1..=LONGEST_KEY).contains(&one.key.len()))
    }

    pub(super) fn fits(&self, password: &str) -> bool {
        let password = password.as_bytes();
        let own = match &self.way {
            Way::Pbkdf2 { function, rounds, salt } => {
                function.pbkdf2(password, salt, *rounds, self.key.len())
            }
            Way::Scrypt { params, salt } => {
                let mut own = vec![0; self.key.len()];
                match scrypt::scrypt(password, salt, params, &mut own) {
                    Ok(()) => own,
                    Err(_) => return false,
                }
            }
            Way::Digest { function, pattern, salt } => function.digest(&filled(pattern, salt, password)),
            Way::Hmac { function, secret } => hex(&function.mac(secret, password)),
        };
        bool::from(own.ct_eq(&self.key))
    }
}

/// The same format with a salt and a key of zeros.
pub(super) fn blank(text: &str) -> String {
    // `A` is zero in base64; what fills up its end stays.
    let zeros = |part: &str| part.chars().map(|letter| if letter == '=' { '=' } else { 'A' }).collect();
    let is_parameter = |part: &str| ["i=", "ln=", "pf="].iter().any(|name| part.starts_with(name));
    match text.strip_prefix('$') {
        Some(rest) => {
            let mut parts = rest.split('$');
            let name = parts.next().unwrap_or_default().to_owned();
            let parts = parts.map(|part| if is_parameter(part) { part.to_owned() } else { zeros(part) });
            std::iter::once(name).chain(parts).fold(String::new(), |whole, part| format!("{whole}${part}"))
        }
        None => {
            let (name, rest) = text.split_once('}').unwrap_or(("", text));
            format!("{name}}}{}", zeros(rest))
        }
    }
}

/// `$name$…`, the `$` in front taken away.
fn modular(text: &str) -> Option<Imported> {
    let parts: Vec<&str> = text.split('$').collect();
    let padded = |text: &str| STANDARD.decode(text).ok();
    match *parts.as_slice() {
        [name, parameters, salt, key] if name.starts_with("pbkdf2-") => {
            // What Kratos calls sha224 and sha384 here is SHA-3.
            let function = Function::parse(&name["pbkdf2-".len()..]).filter(|function| {
                matches!(function, Function::Sha1 | Function::Sha256 | Function::Sha512)
            })?;
            let [rounds, _] = numbers(parameters, ["i", "l"])?;
            let rounds = Some(rounds).filter(|rounds| (1..=MOST_ROUNDS).contains(rounds))?;
            let plain = |text: &str| STANDARD_NO_PAD.decode(text).ok();
            Some(Imported { way: Way::Pbkdf2 { function, rounds, salt: plain(salt)? }, key: plain(key)? })
        }
        ["scrypt", parameters, salt, key] => {
            // `ln` is the number itself here, not its logarithm.
            let [n, r, p] = numbers(parameters, ["ln", "r", "p"])?;
            let bounded = n.is_power_of_two() && (2..=LARGEST_N).contains(&n);
            if !bounded || !(1..=LARGEST_R).contains(&r) || !(1..=LARGEST_P).contains(&p) {
                return None;
            }
            let params = scrypt::Params::new(u8::try_from(n.ilog2()).ok()?, r, p, 32).ok()?;
            Some(Imported { way: Way::Scrypt { params, salt: padded(salt)? }, key: padded(key)? })
        }
        ["md5", key] => {
            let way = Way::Digest { function: Function::Md5, pattern: PASSWORD.to_vec(), salt: Vec::new() };
            Some(Imported { way, key: padded(key)? })
        }
        [name @ ("md5" | "sha1" | "sha256" | "sha512"), pattern, salt, key] => {
            let function = Function::parse(name)?;
            let pattern = padded(pattern.strip_prefix("pf=")?)?;
            Some(Imported { way: Way::Digest { function, pattern, salt: padded(salt)? }, key: padded(key)? })
        }
        [name, key, secret] if name.starts_with("hmac-") => {
            let function = Function::parse(&name["hmac-".len()..])?;
            Some(Imported { way: Way::Hmac { function, secret: padded(secret)? }, key: padded(key)? })
        }
        _ => None,
    }
}

/// `{SSHA…}` of LDAP servers: the digest, then the salt.
fn ldap(text: &str) -> Option<Imported> {
    let (function, length, rest) = [
        ("{SSHA}", Function::Sha1, 20),
        ("{SSHA256}", Function::Sha256, 32),
        ("{SSHA512}", Function::Sha512, 64),
    ]
    .into_iter()
    .find_map(|(name, function, length)| Some((function, length, text.strip_prefix(name)?)))?;
    let mut key = STANDARD.decode(rest).ok()?;
    if key.len() <= length {
        return None;
    }
    let salt = key.split_off(length);
    Some(Imported { way: Way::Digest { function, pattern: [PASSWORD, SALT].concat(), salt }, key })
}

/// `a=1,b=2` with these names in this order.
fn numbers<const N: usize>(text: &str, names: [&str; N]) -> Option<[u32; N]> {
    let parts: Vec<&str> = text.split(',').collect();
    let parts: [&str; N] = parts.try_into().ok()?;
    let mut all = [0; N];
    for ((part, name), number) in parts.into_iter().zip(names).zip(&mut all) {
        *number = part.strip_prefix(name)?.strip_prefix('=')?.parse().ok()?;
    }
    Some(all)
}

/// The pattern with salt and password in their places. What is in them is not looked at again.
fn filled(pattern: &[u8], salt: &[u8], password: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.first() {
        if let Some(after) = rest.strip_prefix(SALT) {
            whole.extend_from_slice(salt);
            rest = after;
        } else if let Some(after) = rest.strip_prefix(PASSWORD) {
            whole.extend_from_slice(password);
            rest = after;
        } else {
            whole.push(*first);
            rest = &rest[1..];
        }
    }
    whole
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

impl Function {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "md5" => Function::Md5,
            "sha1" => Function::Sha1,
            "sha224" => Function::Sha224,
            "sha256" => Function::Sha256,
            "sha384" => Function::Sha384,
            "sha512" => Function::Sha512,
            _ => return None,
        })
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Function::Md5 => Md5::digest(bytes).to_vec(),
            Function::Sha1 => Sha1::digest(bytes).to_vec(),
            Function::Sha224 => Sha224::digest(bytes).to_vec(),
            Function::Sha256 => Sha256::digest(bytes).to_vec(),
            Function::Sha384 => Sha384::digest(bytes).to_vec(),
            Function::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    fn mac(self, secret: &[u8], bytes: &[u8]) -> Vec<u8> {
        fn of<M: Mac + hmac::digest::KeyInit>(secret: &[u8], bytes: &[u8]) -> Vec<u8> {
            // A key of any length is one.
            let Ok(mac) = <M as Mac>::new_from_slice(secret) else { return Vec::new() };
            mac.chain_update(bytes).finalize().into_bytes().to_vec()
        }
        match self {
            Function::Md5 => of::<Hmac<Md5>>(secret, bytes),
            Function::Sha1 => of::<Hmac<Sha1>>(secret, bytes),
            Function::Sha224 => of::<Hmac<Sha224>>(secret, bytes),
            Function::Sha256 => of::<Hmac<Sha256>>(secret, bytes),
            Function::Sha384 => of::<Hmac<Sha384>>(secret, bytes),
            Function::Sha512 => of::<Hmac<Sha512>>(secret, bytes),
        }
    }

    fn pbkdf2(self, password: &[u8], salt: &[u8], rounds: u32, length: usize) -> Vec<u8> {
        let mut key = vec![0; length];
        match self {
            Function::Sha1 => pbkdf2_hmac::<Sha1>(password, salt, rounds, &mut key),
            Function::Sha512 => pbkdf2_hmac::<Sha512>(password, salt, rounds, &mut key),
            Function::Md5 | Function::Sha224 | Function::Sha256 | Function::Sha384 => {
                pbkdf2_hmac::<Sha256>(password, salt, rounds, &mut key);
            }
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python's hashlib and hmac of the password `Tëst-{SALT}-1`, which looks like a part of a pattern.
    const HASHES: &[&str] = &[
        "$pbkdf2-sha1$i=1000,l=32$c2FsdCY$I6VsfUOM6NjUZsUfPCB/6H7r3SYf8XH7xKc3pEf1SSA",
        "$pbkdf2-sha256$i=1000,l=32$c2FsdCY$2/2qD/gSzxfbEdv2fJs/c7XA3HGbBRySfi+vTbaeN7Q",
        "$pbkdf2-sha512$i=1000,l=32$c2FsdCY$O4Ngsn3Qkc1vxVkm5veBLvPxbbJpROby6RTkwULG9MQ",
        "$scrypt$ln=1024,r=8,p=1$c2FsdCY=$Cqkcplys+z8SKBP79lZSbGeiZRPiV7mB1WS+6rJHI8E=",
        "{SSHA}wa7sCRCxB2yUdnWJT6q7nWDR+FVzYWx0Jg==",
        "{SSHA256}DgDji8+JnlzZ+t07GuzQgKAztx2cMRcwjseVwmF63KdzYWx0Jg==",
        "{SSHA512}LUzIy36qUHKfz3OhtwSP9/iwxoubLcV69DwjIG2qoQE3aD1lGo5vdsY0tvrkPiqfeCi6PCapm8ZE9TDMhJXjI3NhbHQm",
        "$md5$SALeY+TlQf6o64oSqvOBag==",
        "$md5$pf=e1NBTFR9e1BBU1NXT1JEfQ==$c2FsdCY=$C4iSkL7P7chSK3JdsMJRtA==",
        "$md5$pf=e1BBU1NXT1JEfS17U0FMVH0te1BBU1NXT1JEfSQ=$c2FsdCY=$mortTA3P8uObLWncE5fX3g==",
        "$sha1$pf=e1NBTFR9e1BBU1NXT1JEfQ==$c2FsdCY=$SZ182e4t9uIb5zf65/4h+Yor6kA=",
        "$sha1$pf=e1BBU1NXT1JEfS17U0FMVH0te1BBU1NXT1JEfSQ=$c2FsdCY=$TpqjILF0B2P5CzluGgfD2LnasLc=",
        "$sha256$pf=e1NBTFR9e1BBU1NXT1JEfQ==$c2FsdCY=$DGhamf1g81FVp49oczcFZUlVsflltztToT+/EpimGSw=",
        "$sha256$pf=e1BBU1NXT1JEfS17U0FMVH0te1BBU1NXT1JEfSQ=$c2FsdCY=$j4NPkmiUTHQw8ss9Hpv6SqmQ8FHy48gSbKUzUPMqh4o=",
        "$sha512$pf=e1NBTFR9e1BBU1NXT1JEfQ==$c2FsdCY=$Om9c5IXLedQzSiByOSPhxtOHcuSn+xkEKerWOjAxTBl+H2BlLkJ7t0C3Uq7SLEivnf4cBBljqegM25Xqb+UbWA==",
        "$sha512$pf=e1BBU1NXT1JEfS17U0FMVH0te1BBU1NXT1JEfSQ=$c2FsdCY=$xg8RjsYT/u8QOuZZEmwqAH9Nh0PSetwWyw9FU3na39us99bpyYFCYqhG0iWzCS2n+AyE0nU/+uas/hMH4T8MJw==",
        "$hmac-md5$YWMxYjU3YzJiODQyYjc2NzkyNDZlNWIxMGE0ZjJhMmI=$a2V5",
        "$hmac-sha1$NmYxMDA3ZDAwOWFkOWYwMjU0YjkzNmZhOGFiZGQ0NmNmZTRiNDMxOQ==$a2V5",
        "$hmac-sha224$ZTY1ZDBjMjBlN2JmY2YyNDk4YjVkZDQ1OWQ3Y2M4MmU0NTc4YTU5NDkxZGVlYWQyN2E2MTJkYjA=$a2V5",
        "$hmac-sha256$OTg4NmFiZTNiOTZlZTA1ODEyYTAyYjE3YjFhMWYyNzY5OGVlZTQxMTMxMzkzNTFlZDIyNWQ2NzU4NzY0YmQ5NA==$a2V5",
        "$hmac-sha384$NDZiOWFiZGYzMTk0YmQ1NjlkMmYzNGI5ZDc3NGRiMDEyM2M2ZGU2Yjg4YmEyN2Y3YWVkMDM3ZmJhZjhlZDdjNTY2YTRjNGQzODI0YjlmYzUzYTk4OWZiZTMyNDM2YWEw$a2V5",
        "$hmac-sha512$NjBkZWNkMzk5MjFmZWZlYTFkNjg5NzlkMjZhODZlM2EyYTRkYmNkNzhhYTRlOTM3MzMxODg5YzA3NTUwNjVjMWMxMjc2ZTAwOGRjMDgxY2FkMTUzYTIzZDIyOWNjOWI2OWQyYTVhMTVkMTIzNTc2YjRjNWY2YWQ5ZTU3N2EyNjY=$a2V5",
    ];

    #[test]
    fn hashes_of_other_systems_fit_their_password_and_no_other() {
        for text in HASHES {
            let hash = Imported::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert!(hash.fits("Tëst-{SALT}-1"), "{text}");
            for other in ["", "Tëst-{SALT}-2", "Tëst-salt&-1", "tëst-{SALT}-1"] {
                assert!(!hash.fits(other), "{text} with {other:?}");
            }
        }
    }

    #[test]
    fn a_blank_has_the_format_of_a_hash_and_nothing_else_of_it() {
        for text in HASHES {
            let blank = blank(text);
            let (hash, other) = (Imported::parse(text).unwrap(), Imported::parse(&blank).unwrap());
            assert_eq!(hash.key.len(), other.key.len(), "{blank}");
            assert!(other.key.iter().all(|byte| *byte == 0) && !other.fits("Tëst-{SALT}-1"), "{blank}");
            assert_eq!(blank.len(), text.len());
            assert!(!["c2Fsd", "a2V5", "zYWx0"].iter().any(|salt| blank.contains(salt)), "{blank}");
        }
    }

    #[test]
    fn what_is_no_such_hash_or_costs_too_much_is_not_taken_in() {
        for text in [
            "",
            "$",
            "plain",
            "$md5$",
            "$md5$no base64",
            "$sha256$c2FsdA==$aGFzaA==",
            "$sha3$pf=e1BBU1NXT1JEfQ==$c2FsdA==$aGFzaA==",
            "{SSHA}aGFzaA==",
            "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
            "$hmac-md4$aGFzaA==$a2V5",
            "$pbkdf2-sha256$i=0,l=32$c2FsdA$aGFzaA",
            "$pbkdf2-sha256$i=10000001,l=32$c2FsdA$aGFzaA",
            "$pbkdf2-sha256$l=32,i=1$c2FsdA$aGFzaA",
            "$pbkdf2-sha224$i=1,l=32$c2FsdA$aGFzaA",
            "$pbkdf2-md5$i=1,l=32$c2FsdA$aGFzaA",
            "$pbkdf2-sha256$i=1,l=32$c2FsdA$",
            "$scrypt$ln=1,r=8,p=1$c2FsdA==$aGFzaA==",
            "$scrypt$ln=1000,r=8,p=1$c2FsdA==$aGFzaA==",
            "$scrypt$ln=262144,r=8,p=1$c2FsdA==$aGFzaA==",
            "$scrypt$ln=16384,r=9,p=1$c2FsdA==$aGFzaA==",
            "$scrypt$ln=16384,r=8,p=11$c2FsdA==$aGFzaA==",
            "$scrypt$ln=16384,r=8,p=0$c2FsdA==$aGFzaA==",
        ] {
            assert!(Imported::parse(text).is_none(), "{text}");
        }
    }
}

//! A guard rail as people write it.

use rollcall_api::v1::GuardRail;

/// How one is written.
pub(crate) const FORM: &str = "off|N,P%,WINDOW";

/// Reads `off` or a guard rail such as `10,20%,1h`. Errors: how one is written.
pub(crate) fn read(text: &str) -> Result<GuardRail, String> {
    if text == "off" {
        return Ok(GuardRail::default());
    }
    let wrong = || format!("write it as {FORM}, such as 10,20%,1h; {text:?} is not");
    let mut parts = text.split(',').map(str::trim);
    let (Some(users), Some(percent), Some(window), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(wrong());
    };
    let percent = percent.strip_suffix('%').ok_or_else(wrong)?;
    Ok(GuardRail {
        enabled: true,
        users: users.parse().map_err(|_| wrong())?,
        percent: percent.parse().map_err(|_| wrong())?,
        window: Some(prost_types::Duration { seconds: seconds(window).ok_or_else(wrong)?, nanos: 0 }),
    })
}

/// Reads a number with a unit: `90s`, `30m`, `1h`, `2d`.
fn seconds(text: &str) -> Option<i64> {
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let (unit, seconds) = units.into_iter().find(|(unit, _)| text.ends_with(*unit))?;
    text.strip_suffix(unit)?.parse::<u32>().ok().map(|number| i64::from(number) * seconds)
}

/// A guard rail as it is given.
pub(crate) fn written(rail: Option<&GuardRail>) -> String {
    let Some(rail) = rail.filter(|rail| rail.enabled) else { return "off".to_owned() };
    let seconds = rail.window.map_or(0, |window| window.seconds);
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let whole = units.into_iter().find(|(length, _)| seconds % length == 0);
    let (length, unit) = whole.unwrap_or((1, "s"));
    format!("{},{}%,{}{unit}", rail.users, rail.percent, seconds / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_rail_is_shown_as_it_is_given() {
        for text in ["off", "10,20%,1h", "0,0%,90s", "5,100%,30m", "1,1%,2d"] {
            assert_eq!(written(Some(&read(text).unwrap())), text);
        }
        assert_eq!(written(None), "off");
        for bad in ["", "on", "10", "10,20,1h", "10,20%,1", "10,20%,1w", "x,20%,1h", "10,20%,1h,2"] {
            assert!(read(bad).unwrap_err().contains("10,20%,1h"), "{bad}");
        }
    }
}

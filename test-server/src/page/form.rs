//! What a browser sends of a form.

use percent_encoding::percent_decode_str;

/// The value of a field of a form that is `application/x-www-form-urlencoded`, as forms are.
pub(super) fn field(form: &str, name: &str) -> Option<String> {
    let mut fields = form.split('&').filter_map(|pair| pair.split_once('='));
    let value = fields.find_map(|(key, value)| (key == name).then_some(value))?;
    // A `+` that is meant comes as %2B.
    let value = value.replace('+', " ");
    Some(percent_decode_str(&value).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_comes_out_as_it_was_typed() {
        let sent = "a=b&plan=100%3Astatus%3D503%2Breason%3D%22a+%26+%C3%A9%22";
        let typed = r#"100:status=503+reason="a & é""#;
        assert_eq!(field(sent, "plan").as_deref(), Some(typed));
        assert_eq!(field("plan=", "plan").as_deref(), Some(""));
        assert_eq!(field("plans=x", "plan"), None);
        assert_eq!(field("", "plan"), None);
    }
}

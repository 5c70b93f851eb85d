//! Reading files of comma-separated values (RFC 4180): quotes, commas and line breaks in quotes,
//! any end of line. Where the first line has semicolons and no comma, these separate.

/// One record, and the line on which it begins, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) line: usize,
    pub(super) fields: Vec<String>,
}

/// Reads all records; empty lines are none.
///
/// # Errors
/// What is wrong, and on which line.
pub(super) fn read(text: &str) -> Result<Vec<Row>, String> {
    rows(text).collect()
}

/// Reads one record after the other, up to the first that is wrong.
pub(super) fn rows(text: &str) -> impl Iterator<Item = Result<Row, String>> + '_ {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().next().unwrap_or_default();
    let separator = if first.contains(';') && !first.contains(',') { ';' } else { ',' };
    let mut letters = text.chars().peekable();
    let (mut line, mut is_wrong) = (1, false);
    std::iter::from_fn(move || {
        while !is_wrong && letters.peek().is_some() {
            let row = read_row(&mut letters, separator, &mut line);
            is_wrong = row.is_err();
            let is_empty = |row: &Row| row.fields.iter().all(String::is_empty);
            if !row.as_ref().is_ok_and(is_empty) {
                return Some(row);
            }
        }
        None
    })
}

fn read_row(letters: &mut Letters<'_>, separator: char, line: &mut usize) -> Result<Row, String> {
    let begins = *line;
    let mut fields = Vec::new();
    loop {
        let (field, end) = read_field(letters, separator, line)?;
        fields.push(field);
        if end == End::Row {
            return Ok(Row { line: begins, fields });
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Field,
    Row,
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn read_field(
    letters: &mut Letters<'_>,
    separator: char,
    line: &mut usize,
) -> Result<(String, End), String> {
    let mut field = String::new();
    if letters.next_if_eq(&'"').is_some() {
        let begins = *line;
        loop {
            match letters.next() {
                Some('"') if letters.next_if_eq(&'"').is_some() => field.push('"'),
                Some('"') => break,
                Some(letter) => {
                    *line += usize::from(letter == '\n');
                    field.push(letter);
                }
                None => return Err(format!("line {begins}: a quote is not closed")),
            }
        }
        return match next_end(letters, separator, line) {
            Some(end) => Ok((field, end)),
            None => Err(format!("line {line}: something follows a closed quote")),
        };
    }
    loop {
        if let Some(end) = next_end(letters, separator, line) {
            return Ok((field.trim().to_owned(), end));
        }
        match letters.next() {
            Some('"') => return Err(format!("line {line}: a quote in the middle of a value")),
            Some(letter) => field.push(letter),
            None => return Ok((field.trim().to_owned(), End::Row)),
        }
    }
}

/// Takes what ends a field, if that comes next.
fn next_end(letters: &mut Letters<'_>, separator: char, line: &mut usize) -> Option<End> {
    match letters.peek() {
        None => Some(End::Row),
        Some(letter) if *letter == separator => {
            letters.next();
            Some(End::Field)
        }
        Some('\r' | '\n') => {
            let both = letters.next() == Some('\r');
            if both {
                letters.next_if_eq(&'\n');
            }
            *line += 1;
            Some(End::Row)
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(usize, &[&str])]) {
        let rows = read(text).unwrap();
        let rows: Vec<(usize, Vec<&str>)> = rows
            .iter()
            .map(|row| (row.line, row.fields.iter().map(String::as_str).collect()))
            .collect();
        let expected: Vec<(usize, Vec<&str>)> =
            expected.iter().map(|(line, fields)| (*line, fields.to_vec())).collect();
        assert_eq!(rows, expected, "{text:?}");
    }

    #[test]
    fn records_are_read_with_their_lines() {
        check("", &[]);
        check("a,b\n1,2\n", &[(1, &["a", "b"]), (2, &["1", "2"])]);
        check("a,b\r\n\r\n 1 ,\r\n,2", &[(1, &["a", "b"]), (3, &["1", ""]), (4, &["", "2"])]);
        check("\u{feff}a;b\n1;2,5", &[(1, &["a", "b"]), (2, &["1", "2,5"])]);
        check("a,b;c\n1;2,3", &[(1, &["a", "b;c"]), (2, &["1;2", "3"])]);
        check(",\n\n", &[]);
    }

    #[test]
    fn quotes_hold_what_would_end_a_value() {
        check("\"a,\"\"b\"\"\",c\n", &[(1, &["a,\"b\"", "c"])]);
        check("a\n\"1\n2\r\n3\"\nb", &[(1, &["a"]), (2, &["1\n2\r\n3"]), (5, &["b"])]);
        check("\"\",x", &[(1, &["", "x"])]);
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_its_line() {
        for (text, line) in [("a\n\"b", "line 2"), ("\"a\"b", "line 1"), ("a\nb\nc\"d", "line 3")] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(line), "{error}");
        }
    }
}

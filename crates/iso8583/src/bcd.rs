//! Digits two to a byte, and hex digits: the packed forms of the binary encoding.
//!
//! An odd count of digits has a leading zero nibble.

/// The bytes that `digits` digits take.
pub(crate) fn packed_len(digits: usize) -> usize {
    digits.div_ceil(2)
}

/// Appends digits packed, with zeros in front up to `width` digits. The caller has checked that
/// `digits` are ASCII digits and at most `width`.
pub(crate) fn pack(digits: &[u8], width: usize, out: &mut Vec<u8>) {
    let zeros = width.saturating_sub(digits.len()).saturating_add(width % 2);
    out.extend(std::iter::repeat_n(0, zeros / 2));
    let rest = match (zeros % 2, digits.split_first()) {
        (1, Some((first, rest))) => {
            out.push(first & 0x0f);
            rest
        }
        _ => digits,
    };
    out.extend(rest.chunks_exact(2).map(|pair| (pair[0] << 4) | (pair[1] & 0x0f)));
}

/// Appends the last `count` digits of packed bytes as text; `None` when a nibble is no digit or
/// the leading nibble of an odd count is not zero.
pub(crate) fn unpack(packed: &[u8], count: usize, out: &mut Vec<u8>) -> Option<()> {
    let mut bad = 0;
    let pairs = if count % 2 == 1 {
        let (first, rest) = packed.split_first()?;
        if *first > 9 {
            return None;
        }
        out.push(b'0' | first);
        rest
    } else {
        packed
    };
    out.extend(pairs.iter().flat_map(|byte| {
        let [high, low] = [byte >> 4, byte & 0x0f];
        bad |= u8::from(high > 9) | u8::from(low > 9);
        [b'0' | high, b'0' | low]
    }));
    (bad == 0).then_some(())
}

/// A number below ten thousand as four ASCII digits.
pub(crate) fn four_digits(number: usize) -> [u8; 4] {
    let digits = [number / 1000 % 10, number / 100 % 10, number / 10 % 10, number % 10];
    digits.map(|digit| b'0' | u8::try_from(digit).unwrap_or(0))
}

/// Appends bytes as upper-case hex digits.
pub(crate) fn to_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.extend(
        bytes
            .iter()
            .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0x0f)]]),
    );
}

/// The value of one hex digit, upper or lower case.
pub(crate) fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit & 0x0f),
        b'A'..=b'F' | b'a'..=b'f' => Some((digit & 0x0f).saturating_add(9)),
        _ => None,
    }
}

/// Appends the bytes of hex digits; `None` when one is none, or their count is odd.
pub(crate) fn from_hex(digits: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    for pair in pairs {
        out.push((hex_digit(pair[0])? << 4) | hex_digit(pair[1])?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(digits: &str, width: usize) -> Vec<u8> {
        let mut out = Vec::new();
        pack(digits.as_bytes(), width, &mut out);
        out
    }

    #[test]
    fn digits_are_packed_to_the_right() {
        assert_eq!(packed("1234", 4), [0x12, 0x34]);
        assert_eq!(packed("978", 3), [0x09, 0x78]);
        assert_eq!(packed("1", 6), [0, 0, 0x01]);
        assert_eq!(packed("12", 3), [0x00, 0x12]);
        assert_eq!(packed("", 0), []);
    }

    #[test]
    fn unpacking_undoes_packing_and_refuses_other_nibbles() {
        let mut out = Vec::new();
        assert_eq!(unpack(&[0x09, 0x78], 3, &mut out), Some(()));
        assert_eq!(out, b"978");
        assert_eq!(unpack(&[0x19, 0x78], 3, &mut out), None);
        assert_eq!(unpack(&[0x1a], 2, &mut out), None);
        assert_eq!(unpack(&[0xa1], 2, &mut out), None);
        assert_eq!(unpack(&[0x0c], 1, &mut out), None);
    }
}

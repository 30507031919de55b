//! The terminal, drawn in place.

use rustix::termios::tcgetwinsize;

use crate::error::CommandError;
use crate::output::{print, say};

/// The terminal's other screen, so that what was there before comes back at the end.
#[derive(Debug)]
pub struct Screen;

impl Screen {
    /// Switches to it and hides the cursor.
    pub fn open() -> Result<Self, CommandError> {
        print("\x1b[?1049h\x1b[?25l\x1b[2J")?;
        Ok(Screen)
    }

    /// Writes over what was there, without a flicker: lines are cleared behind their text.
    /// What does not fit is cut, as a line too many would scroll the rest away.
    pub fn draw(&mut self, text: &str) -> Result<(), CommandError> {
        let size = tcgetwinsize(std::io::stdout()).ok();
        let (rows, columns) = size
            .filter(|size| size.ws_row > 0 && size.ws_col > 0)
            .map_or((24, 80), |size| {
                (usize::from(size.ws_row), usize::from(size.ws_col))
            });
        print(frame(text, rows, columns))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // the terminal may be gone, and then there is nothing to restore
        if print("\x1b[?25h\x1b[?1049l").is_ok() {
            say("summit: the demo is over\n");
        }
    }
}

fn frame(text: &str, rows: usize, columns: usize) -> String {
    let mut out = String::from("\x1b[H");
    for (row, line) in text.trim_end().lines().take(rows).enumerate() {
        if row > 0 {
            out.push_str("\r\n");
        }
        out.extend(line.chars().take(columns));
        out.push_str("\x1b[K");
    }
    out.push_str("\x1b[J");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_fits_the_terminal() {
        assert_eq!(
            frame("one\ntwo and more\nthree\n", 2, 5),
            "\x1b[Hone\x1b[K\r\ntwo a\x1b[K\x1b[J"
        );
    }
}

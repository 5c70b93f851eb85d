//! File systems that a test can fill up or spoil. Making one takes root, or `sudo` without a
//! password.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of its own below a temporary folder; gone when this is dropped.
pub(crate) struct Mount {
    folder: tempfile::TempDir,
    point: PathBuf,
}

/// Piece in which a disk is filled.
const PIECE: &[u8] = &[0xa5; 64 * 1024];

impl Mount {
    /// In memory, with this much room. Nothing where this user cannot mount anything, which is
    /// said aloud; on CI that is a failure.
    pub(crate) fn in_memory(megabytes: u32) -> Option<Mount> {
        let size = format!("size={megabytes}m,mode=777");
        Mount::make(|point| run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", point]))
    }

    /// On ext4 in a file, as on a disk: it can be made to fail.
    pub(crate) fn on_disk(megabytes: u32) -> Option<Mount> {
        Mount::make(|point| {
            let image = format!("{point}.image");
            run("truncate", &["-s", &format!("{megabytes}M"), &image])
                && run("mkfs.ext4", &["-q", "-F", &image])
                && run("mount", &["-o", "loop", &image, point])
                && run("chmod", &["777", point])
        })
    }

    fn make(mount: impl Fn(&str) -> bool) -> Option<Mount> {
        let folder = tempfile::tempdir().unwrap();
        let point = folder.path().join("disk");
        std::fs::create_dir(&point).unwrap();
        if mount(point.to_str().unwrap()) {
            return Some(Mount { folder, point });
        }
        let words = "SKIPPED: this test mounts a file system, which takes root";
        assert!(std::env::var_os("CI").is_none(), "{words}; CI has to have it");
        // Written past the harness, which would hide what a passing test prints.
        let _ = writeln!(std::io::stderr(), "\n*** {words} ***\n");
        None
    }

    pub(crate) fn path(&self) -> &Path {
        &self.point
    }

    /// A folder on it that belongs to whom PostgreSQL runs as in tests.
    pub(crate) fn folder_for_postgresql(&self, name: &str) -> PathBuf {
        let folder = self.point.join(name);
        std::fs::create_dir(&folder).unwrap();
        crate::postgres::give_to_cluster(&folder);
        folder
    }

    /// Takes all room that is left.
    pub(crate) fn fill(&self) {
        let mut filler = std::fs::File::create(self.filler()).unwrap();
        while filler.write_all(PIECE).is_ok() {}
        // The last piece may have been cut short; a byte at a time takes what is left of it.
        while filler.write_all(&[0]).is_ok() {}
    }

    /// Gives the room back.
    pub(crate) fn make_room(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    /// Makes the disk fail: the kernel turns it read-only for everyone, open files included.
    ///
    /// No fsync may be under way meanwhile. ext4 looks for an abort when an fsync begins, and then
    /// waits for the transaction that carries the file's new length; one that the abort has thrown
    /// away by then counts as committed. Such an fsync answers success for what is lost, to any
    /// program: writing and syncing a file in a loop meets it in one abort of a hundred. A disk
    /// that fails by itself has its write refused, and the fsync with it.
    pub(crate) fn fail(&self) {
        assert!(run("mount", &["-o", "remount,abort", self.point.to_str().unwrap()]));
    }

    /// Repairs the disk as an operator would, with nobody using it.
    pub(crate) fn repair(&self) {
        let point = self.point.to_str().unwrap();
        let image = format!("{point}.image");
        assert!(run("umount", &[point]));
        // Answers 1 for what it has repaired.
        let _ = run("fsck.ext4", &["-p", &image]);
        assert!(run("mount", &["-o", "loop", &image, point]));
    }

    fn filler(&self) -> PathBuf {
        self.point.join("filler")
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Whoever still uses it keeps it until the end.
        run("umount", &["-l", self.point.to_str().unwrap()]);
        // The folder goes with `self`, after what was mounted in it.
        let _ = self.folder.path();
    }
}

/// Whether the program did what it was told, as root.
fn run(program: &str, arguments: &[&str]) -> bool {
    let plain = Command::new(program).args(arguments).output();
    if plain.is_ok_and(|output| output.status.success()) {
        return true;
    }
    let sudo = Command::new("sudo").arg("-n").arg(program).args(arguments).output();
    sudo.is_ok_and(|output| output.status.success())
}

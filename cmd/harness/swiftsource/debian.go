// SPDX-License-Identifier: Apache-2.0

// Package swiftsource finds the source of OpenStack Swift with Swift's own tests: of
// this machine's Debian, by apt's signed lists.
package swiftsource

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Debian returns the folder of Swift's source in the user's cache. The first
// call fetches the source package of this machine's Debian.
func Debian(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "needletail", "swift-source")
	if found, _ := filepath.Glob(filepath.Join(dir, "swift-*", "test", "functional")); len(found) > 0 {
		return filepath.Join(found[len(found)-1], "..", ".."), nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	archive, err := downloadSource(ctx, dir)
	if err != nil {
		return "", err
	}
	// Unpack beside and rename: half an archive never looks like a whole source.
	partial, err := os.MkdirTemp(dir, "partial-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(partial)
	if err := command(ctx, dir, "tar", "-xf", archive, "-C", partial).Run(); err != nil {
		return "", fmt.Errorf("tar %s: %w", archive, err)
	}
	found, _ := filepath.Glob(filepath.Join(partial, "swift-*"))
	if len(found) != 1 {
		return "", fmt.Errorf("%s does not hold one folder swift-*", archive)
	}
	target := filepath.Join(dir, filepath.Base(found[0]))
	return target, os.Rename(found[0], target)
}

// downloadSource fetches the source package into dir and returns the path of the
// upstream archive. apt gets package lists of its own below dir: the machine's
// lists need not name source packages. apt checks the archive against the signed
// list. A missing .dsc does no harm.
func downloadSource(ctx context.Context, dir string) (archive string, err error) {
	apt := filepath.Join(dir, "apt")
	if err := os.MkdirAll(filepath.Join(apt, "lists", "partial"), 0o755); err != nil {
		return "", err
	}
	parts := filepath.Join(apt, "sources.list.d")
	if err := os.MkdirAll(parts, 0o755); err != nil {
		return "", err
	}
	system, _ := filepath.Glob("/etc/apt/sources.list.d/*")
	for _, path := range append(system, "/etc/apt/sources.list") {
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		} else if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(parts, filepath.Base(path)), []byte(asSourceList(string(text))), 0o644); err != nil {
			return "", err
		}
	}
	options := []string{"-qq", "-o", "APT::Sandbox::User=root", "-o", "Dir::Etc::SourceList=/dev/null", "-o", "Dir::Etc::SourceParts=" + parts,
		"-o", "Dir::State::Lists=" + filepath.Join(apt, "lists")}
	if err := command(ctx, dir, "apt-get", append(options, "update")...).Run(); err != nil {
		return "", fmt.Errorf("apt-get update: %w", err)
	}
	fetch := command(ctx, dir, "apt-get", append(options, "source", "--download-only", "swift")...)
	var complaints strings.Builder // of interest only if the archive is missing
	fetch.Stderr = &complaints
	err = fetch.Run()
	found, _ := filepath.Glob(filepath.Join(dir, "swift_*.orig.tar.*z*"))
	if len(found) == 0 {
		return "", fmt.Errorf("apt-get source swift gave no archive (%v): %s", err, complaints.String())
	}
	return found[len(found)-1], nil
}

// asSourceList turns a list of binary packages into a list of source packages, in
// the one-line form of apt and in the deb822 form.
func asSourceList(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if rest, ok := strings.CutPrefix(line, "deb "); ok {
			lines[i] = "deb-src " + rest
		} else if strings.HasPrefix(line, "Types:") {
			lines[i] = "Types: deb-src"
		}
	}
	return strings.Join(lines, "\n")
}

func command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	return cmd
}

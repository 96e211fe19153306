// SPDX-License-Identifier: Apache-2.0

package swiftcluster

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// python is the interpreter that finds Debian's modules.
const python = "/usr/bin/python3"

// installation is a Swift: Debian's, or a checkout beside Debian's, which has the
// other modules that Swift needs.
type installation struct {
	source  string            // of a checkout, or ""
	entries map[string]string // of a checkout: MODULE:FUNCTION by program, besides the scripts in bin
}

// neededPrograms have to be on the machine for any cluster.
var neededPrograms = []string{python, "memcached", "rsync", "nsenter", "mount", "bash"}

// debianHint ends the message about a missing program.
const debianHint = "Debian has Swift in swift, swift-proxy, swift-account, swift-container, swift-object and " +
	"swift-object-expirer; and memcached, rsync"

func findInstallation(source string) (*installation, error) {
	for _, name := range append([]string{"swift-proxy-server", "swift-object-server", "swift-object-expirer"}, neededPrograms...) {
		if _, err := exec.LookPath(name); err != nil {
			return nil, fmt.Errorf("%w (%s)", err, debianHint)
		}
	}
	if source == "" {
		return &installation{}, nil
	}
	f, err := os.Open(filepath.Join(source, "setup.cfg"))
	if err != nil {
		return nil, fmt.Errorf("no checkout of Swift: %w", err)
	}
	defer f.Close()
	points, err := entryPoints(bufio.NewScanner(f))
	if err != nil {
		return nil, err
	}
	in := &installation{source: source, entries: map[string]string{}}
	for _, line := range points["console_scripts"] {
		if name, entry, ok := strings.Cut(line, " = "); ok {
			in.entries[name] = entry
		}
	}
	return in, nil
}

// maxEntryPoints bounds the lines of a setup.cfg.
const maxEntryPoints = 2000

// entryPoints reads the section [entry_points] of a setup.cfg: lists of "NAME =
// MODULE:FUNCTION" by group.
func entryPoints(lines *bufio.Scanner) (map[string][]string, error) {
	points := map[string][]string{}
	inside, group := false, ""
	for n := 0; lines.Scan(); n++ {
		if n == maxEntryPoints {
			return nil, fmt.Errorf("setup.cfg has more than %d lines", maxEntryPoints)
		}
		line := lines.Text()
		text := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "["):
			inside = text == "[entry_points]"
		case !inside || text == "" || strings.HasPrefix(text, "#"):
		case line == strings.TrimLeft(line, " \t"):
			group = strings.TrimSpace(strings.TrimSuffix(text, "="))
		default:
			points[group] = append(points[group], text)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(points["paste.filter_factory"]) == 0 {
		return nil, errors.New("setup.cfg names no filters of Swift")
	}
	return points, nil
}

// write makes the folders bin and python of a cluster: the programs that the
// installation lacks, and for a checkout the metadata by which Paste finds filters.
func (in *installation) write(dir string) error {
	bin := filepath.Join(dir, "bin")
	programs := map[string]string{"resetswift": resetScript}
	if in.source == "" {
		programs["swift-init"] = "#!" + python + "\n" + initScript
	} else {
		scripts, err := filepath.Glob(filepath.Join(in.source, "bin", "swift-*"))
		if err != nil {
			return err
		}
		for _, path := range scripts {
			programs[filepath.Base(path)] = fmt.Sprintf("#!/bin/sh\nexec %s %s \"$@\"\n", python, shellQuoted(path))
		}
		for name, entry := range in.entries {
			module, function, _ := strings.Cut(entry, ":")
			programs[name] = fmt.Sprintf("#!%s\nimport sys\nfrom %s import %s as main\nsys.exit(main())\n", python, module, function)
		}
		if err := in.writeMetadata(filepath.Join(dir, "python")); err != nil {
			return err
		}
	}
	for name, text := range programs {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// writeMetadata makes a .dist-info (PyPA, "Recording installed projects") with the
// checkout's entry points. The folder precedes Debian's in the path of modules.
func (in *installation) writeMetadata(dir string) error {
	f, err := os.Open(filepath.Join(in.source, "setup.cfg"))
	if err != nil {
		return err
	}
	defer f.Close()
	points, err := entryPoints(bufio.NewScanner(f))
	if err != nil {
		return err
	}
	var b strings.Builder
	for group, lines := range points {
		fmt.Fprintf(&b, "[%s]\n%s\n", group, strings.Join(lines, "\n"))
	}
	info := filepath.Join(dir, "swift-99.0.dist-info")
	if err := os.MkdirAll(info, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(info, "entry_points.txt"), []byte(b.String()), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(info, "METADATA"), []byte("Metadata-Version: 2.1\nName: swift\nVersion: 99.0\n"), 0o644)
}

// environment is the environment of every process of a cluster.
func (in *installation) environment(dir string) []string {
	env := os.Environ()
	env = append(env, "PATH="+filepath.Join(dir, "bin")+":/usr/bin:/usr/sbin:"+os.Getenv("PATH"), "no_proxy=*", "LC_ALL=C.UTF-8")
	if in.source != "" {
		env = append(env, "PYTHONPATH="+filepath.Join(dir, "python")+":"+in.source, "PYTHONPYCACHEPREFIX="+filepath.Join(dir, "pycache"))
	}
	return env
}

func shellQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// initScript is swift-init, which Debian's packages lack.
const initScript = `import sys
from swift.common.manager import Manager
if len(sys.argv) < 3:
    sys.exit('usage: swift-init SERVER[.NUMBER]... COMMAND')
sys.exit(Manager(sys.argv[1:-1]).run_command(sys.argv[-1]))
`

// resetScript is the script that Swift's probe tests call before each test: end
// Swift, empty devices and caches. Outside of a cluster the script refuses to work.
const resetScript = `#!/bin/bash
grep -q nursery.py /proc/1/cmdline || { echo 'resetswift: not inside a test cluster' >&2; exit 1; }
swift-init all kill
swift-orphans -a 0 -k KILL
set -e
rm -rf /srv/[1-4]/node/*
for n in 1 2 3 4; do
  mkdir -p /srv/$n/node/sdb$n /srv/$n/node/sdb$((n + 4))
done
find /var/cache/swift -type f -delete
exec 3<>/dev/tcp/127.0.0.1/11211
printf 'flush_all\r\n' >&3
read -r answer <&3
[ "$answer" = $'OK\r' ]
`

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// pkg is a package of the module.
type pkg struct {
	path    string   // below the module's name: "objstore/engine"
	imports []string // packages of this module, as path
	// lines and testLines count the lines of Go files and of _test.go files, of
	// all build tags.
	lines, testLines int
}

// module is what go list says of the module around the current folder.
type module struct {
	folder   string // of go.mod
	packages []pkg
}

// listModule asks go list for all packages of the module.
func listModule() (module, error) {
	var m module
	out, err := goList("-m", "-json=Path,Dir")
	if err != nil {
		return m, err
	}
	var main struct{ Path, Dir string }
	if err := json.Unmarshal(out, &main); err != nil {
		return m, err
	}
	m.folder = main.Dir
	if out, err = goList("-json=ImportPath,Dir,Imports", main.Path+"/..."); err != nil {
		return m, err
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var listed struct {
			ImportPath, Dir string
			Imports         []string
		}
		if err := dec.Decode(&listed); errors.Is(err, io.EOF) {
			return m, nil
		} else if err != nil {
			return m, err
		}
		p := pkg{path: strings.TrimPrefix(listed.ImportPath, main.Path+"/")}
		for _, imp := range listed.Imports {
			if below, ok := strings.CutPrefix(imp, main.Path+"/"); ok {
				p.imports = append(p.imports, below)
			}
		}
		if err := p.count(listed.Dir); err != nil {
			return m, err
		}
		m.packages = append(m.packages, p)
	}
}

func goList(args ...string) ([]byte, error) {
	out, err := exec.Command("go", append([]string{"list"}, args...)...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, fmt.Errorf("go list: %w: %s", err, exit.Stderr)
	}
	return out, err
}

// count counts the lines of the Go files in the package's folder.
func (p *pkg) count(folder string) error {
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		n := bytes.Count(text, []byte("\n"))
		if strings.HasSuffix(name, "_test.go") {
			p.testLines += n
		} else {
			p.lines += n
		}
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// House rules: what a reader may rely on in every file.
const (
	maxFileLines     = 600
	maxFunctionLines = 70
)

// bannedCalls are selectors that read a whole body into memory or hide an
// error, with what to use instead.
var bannedCalls = map[string]string{
	"PostBody":           "read Request.Body as a stream",
	"BodyRaw":            "read Request.Body as a stream",
	"SendFile":           "names never become paths",
	"InsecureSkipVerify": "verify certificates",
	"ContinueHandler":    "ExpectHandler closes the connection, ContinueHandler does not",
	"MultipartForm":      "parse forms as a stream",
	"SaveMultipartFile":  "parse forms as a stream",
}

func repositoryRoot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}

func goFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(repositoryRoot(t), func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 1 || d.Name() == "testdata" || d.Name() == "data") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestHouseRules(t *testing.T) {
	fset := token.NewFileSet()
	docs := map[string]bool{}
	for _, path := range goFiles(t) {
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		isTest := strings.HasSuffix(path, "_test.go")
		if n := fset.File(file.Pos()).LineCount(); n > maxFileLines && !isTest {
			t.Errorf("%s has %d lines, over %d", path, n, maxFileLines)
		}
		dir := filepath.Dir(path)
		docs[dir] = docs[dir] || file.Doc != nil && !isTest
		if name := file.Name.Name; name == "util" || name == "utils" || name == "common" || name == "helpers" {
			t.Errorf("%s: a package called %s says nothing", path, name)
		}
		if !isTest {
			checkFunctions(t, fset, file)
		}
	}
	for dir, ok := range docs {
		if !ok && !onlyTests(dir) {
			t.Errorf("%s: the package has no doc comment", dir)
		}
	}
}

func onlyTests(dir string) bool {
	names, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, n := range names {
		if !strings.HasSuffix(n, "_test.go") {
			return false
		}
	}
	return true
}

func checkFunctions(t *testing.T, fset *token.FileSet, file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			lines := fset.Position(n.End()).Line - fset.Position(n.Pos()).Line + 1
			if lines > maxFunctionLines {
				t.Errorf("%s: %s has %d lines, over %d", fset.Position(n.Pos()), n.Name.Name, lines, maxFunctionLines)
			}
		case *ast.SelectorExpr:
			if instead, banned := bannedCalls[n.Sel.Name]; banned {
				t.Errorf("%s: %s is banned: %s", fset.Position(n.Pos()), n.Sel.Name, instead)
			}
		}
		return true
	})
}

// allowedTopLevel is all that the top folder may hold besides dot-files.
var allowedTopLevel = map[string]bool{
	"cmd": true, "objstore": true, "ring": true, "proxy": true, "auth": true, "bench": true,
	"go.mod": true, "go.sum": true, "Makefile": true, "README.md": true,
	"ARCHITECTURE.md": true, "CHANGELOG.md": true, "LICENSE": true, "CONTRIBUTING.md": true, "SECURITY.md": true,
	"docs": true,
	"bin":  true, "data": true, // what `make build` and `make run` make
}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(repositoryRoot(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !allowedTopLevel[e.Name()] {
			t.Errorf("%s does not belong to the top level", e.Name())
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// module is the import path of the repository's top folder.
const module = "needletail/"

// comments finds the comments of structs in the source of the repository.
type comments struct {
	root  string
	files map[string][]*ast.File // by folder
}

// of returns the comment of a struct, and the comments of the fields by Go's
// name.
func (c *comments) of(t reflect.Type) (about string, fields map[string]string, err error) {
	files, err := c.parse(filepath.Join(c.root, strings.TrimPrefix(t.PkgPath(), module)))
	if err != nil {
		return "", nil, err
	}
	for _, file := range files {
		for _, decl := range file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.TYPE {
				continue
			}
			for _, spec := range group.Specs {
				named := spec.(*ast.TypeSpec)
				if body, ok := named.Type.(*ast.StructType); ok && named.Name.Name == t.Name() {
					return line(group.Doc), fieldComments(body), nil
				}
			}
		}
	}
	return "", nil, fmt.Errorf("there is no struct %s", t)
}

// parse reads the source of a folder without tests. A second call returns the
// same files.
func (c *comments) parse(folder string) ([]*ast.File, error) {
	if files, ok := c.files[folder]; ok {
		return files, nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, e.Name()), nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	c.files[folder] = files
	return files, nil
}

func fieldComments(body *ast.StructType) map[string]string {
	fields := map[string]string{}
	for _, f := range body.Fields.List {
		for _, name := range f.Names {
			fields[name.Name] = line(f.Doc)
		}
	}
	return fields
}

// line returns a comment as one line.
func line(doc *ast.CommentGroup) string { return strings.Join(strings.Fields(doc.Text()), " ") }

// description returns a comment without Go's name: "MaxHops is how many …"
// becomes "How many …", "Enabled turns …" becomes "Turns …". A comment with
// another beginning is an error.
func description(comment, name string) (string, error) {
	rest, ok := strings.CutPrefix(comment, name+" ")
	if !ok {
		return "", fmt.Errorf("the comment does not begin with %s: %q", name, comment)
	}
	for _, verb := range []string{"is ", "are "} {
		rest = strings.TrimPrefix(rest, verb)
	}
	return strings.ToUpper(rest[:1]) + rest[1:], nil
}

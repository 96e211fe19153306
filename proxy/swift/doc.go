// SPDX-License-Identifier: Apache-2.0

// Package swift is the vocabulary of Swift's wing: everything shared by several
// features of Swift's API and needed by no further service. The package has the
// request with the right to ask an authorizer, the look-ups of accounts and
// containers, the path split into names, limits, metadata, links, and the lines
// with which features address each other. request_helpers.py and constraints.py
// have this role in OpenStack Swift.
//
// The wing below: controllers answer for accounts, containers and objects;
// middleware has a package for each feature, by the name of Swift's filter;
// pipeline puts the features in order; listing encodes pages.
package swift

// Package web is the portal: pages for officials, in English and French, made on the server and complete without script.
//
// The forms, lists and labels come from the structure in force: no form has a page of its own. A page asks the office for
// what it shows and hands it what people send; it decides nothing.
//
// Invariant: every response carries the headers of the security notes, 13; every POST comes from our own origin and, once
// signed in, carries the form token of its session.
//
// Never: no script, no request to another host, no item outside an office call, nothing on the disk.
//
// Why what was typed travels in the page between steps: until drafts are sealed in the vault, the reader's own browser is
// the only place where unfinished text may lie; an ended session hands it back after the next sign-in.
package web

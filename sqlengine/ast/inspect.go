package ast

import "reflect"

// Inspect calls f for every node of the tree, each before what it holds. Where f returns false the node's parts are left out.
// Nodes are pointers to structs, as the trees have them; a CTE is visited as *CTE.
func Inspect(node any, f func(node any) bool) { inspect(reflect.ValueOf(node), f) }

func inspect(v reflect.Value, f func(any) bool) {
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			inspect(v.Elem(), f)
		}
	case reflect.Pointer:
		if v.IsNil() || v.Elem().Kind() != reflect.Struct || !f(v.Interface()) {
			return
		}
		inspectFields(v.Elem(), f)
	case reflect.Slice:
		if k := v.Type().Elem().Kind(); k != reflect.Interface && k != reflect.Pointer && k != reflect.Struct && k != reflect.Slice {
			return
		}
		for i := range v.Len() {
			inspect(v.Index(i), f)
		}
	case reflect.Struct:
		if v.CanAddr() {
			if c, ok := v.Addr().Interface().(*CTE); ok && !f(c) {
				return
			}
		}
		inspectFields(v, f)
	}
}

func inspectFields(v reflect.Value, f func(any) bool) {
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			inspect(v.Field(i), f)
		}
	}
}

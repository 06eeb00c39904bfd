"""Thin routers: parse, authorise, call one domain function, shape the answer."""

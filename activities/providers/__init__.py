"""The outside services Redress talks to, one package per kind."""

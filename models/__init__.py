"""What Redress knows: settings, money, messages, rules, tables and the queries on them."""

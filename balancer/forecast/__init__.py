"""What a configuration will do to each endpoint, by the core that balances live traffic."""

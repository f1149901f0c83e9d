"""Turn_log."""

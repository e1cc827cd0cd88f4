"""What talks to Alibaba Cloud, by the official SDKs. A module here asks or changes, and decides nothing."""

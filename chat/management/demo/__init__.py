"""The demo shop: four accounts, orders in every state that customers ask about, help articles."""

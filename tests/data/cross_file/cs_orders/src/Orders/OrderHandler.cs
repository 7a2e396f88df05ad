using System;
using System.Collections.Generic;
using Acme.Domain;

namespace Acme.Orders;

public class OrderHandler
{
    private static readonly TimeSpan Hold = TimeSpan.FromMinutes(20);
    private readonly Inventory inventory;

    public OrderHandler(Inventory inventory)
    {
        this.inventory = inventory;
    }

    public List<Reservation> Place(Order order)
    {
        var reservations = new List<Reservation>();
        foreach (var line in order.Lines)
        {
            reservations.Add(inventory.Reserve($0
        }
        order.State = OrderState.Placed;
        return reservations;
    }
}

using System.Collections.Generic;

namespace Acme.Domain;

public enum OrderState
{
    Draft,
    Placed,
    Shipped,
}

public class Order
{
    public List<OrderLine> Lines { get; } = new();
    public OrderState State { get; set; }
}

public class OrderLine
{
    public string Sku { get; init; } = "";
    public int Quantity { get; init; }
}

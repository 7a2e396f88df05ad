using System;
using System.Collections.Generic;

namespace Acme.Domain;

public record Reservation(string Sku, int Quantity, DateTime Until);

public class Inventory
{
    private readonly Dictionary<string, int> stock = new();

    public int Available(string sku) => stock.GetValueOrDefault(sku);

    public Reservation Reserve(string sku, int quantity, TimeSpan holdFor)
    {
        if (Available(sku) < quantity) throw new InvalidOperationException(sku);
        stock[sku] -= quantity;
        return new Reservation(sku, quantity, DateTime.UtcNow + holdFor);
    }

    public void Return(Reservation reservation)
    {
        stock[reservation.Sku] += reservation.Quantity;
    }
}
